// Everything that the system tests heard and said, and every golden example, against openapi.json and asyncapi.json as
// the server gives them out.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { World } from '../lib/world.mjs';
import { Documents } from './documents.mjs';

const golden = resolve(import.meta.dirname, '../../../golden');
const folder = process.env.RECORD;
/** Routes and events that no system test can meet by itself. */
const unmet = ['GET /metrics', 'GET /healthz', 'GET /readyz'];

describe('documents', () => {
  let world, documents;
  before(async () => {
    world = await World.open({ env: { DEMO: '1' } });
    const fetched = (name) => fetch(`${world.url}/v1/${name}`).then((answer) => answer.json());
    documents = new Documents(await fetched('openapi.json'), await fetched('asyncapi.json'));
  });
  after(() => world.close());

  test('they are what they say', () => {
    assert.match(documents.openapi.openapi, /^3\.1/);
    assert.match(documents.asyncapi.asyncapi, /^3\.0/);
  });

  for (const name of readdirSync(golden).filter((n) => n.endsWith('.json'))) {
    test(`golden/${name}`, () => {
      const example = JSON.parse(readFileSync(join(golden, name), 'utf8'));
      const faults = example.method
        ? documents.rest({ method: example.method, path: example.path.replaceAll(/\{\w+\}/g, '0197a1b2-0001-7000-8000-000000000001') + (example.query ? `?${example.query}` : ''),
          request: example.request, status: example.status, type: 'application/json', response: example.response })
        : example.from === 'server' ? documents.server({ event: example.event, args: [example.payload] })
          : documents.client({ event: example.event, args: [example.payload], ack: [example.ack] });
      assert.deepEqual(faults, []);
    });
  }

  if (folder) test('what the system tests recorded', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    const faults = new Map();
    let lines = 0;
    for (const name of files) {
      for (const line of readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean)) {
        ++lines;
        const entry = JSON.parse(line);
        for (const fault of documents[entry.kind](entry)) if (!faults.has(fault)) faults.set(fault, line.slice(0, 600));
      }
    }
    assert.ok(lines > 500, `only ${lines} records`);
    assert.deepEqual([...faults].slice(0, 40), []);
    const missed = documents.named().filter((name) => !documents.seen.has(name) && !unmet.includes(name));
    assert.deepEqual(missed, [], 'documented, but neither golden nor met in the tests');
  });
});
