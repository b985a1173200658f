/** The examples of the contract, which the server's tests read too: each must be understood, and nothing of it lost. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  parseJoinAck, parseMessage, parseMessages, parseNotification, parseNotifications, parsePresence, parseReceipt, parseStatus,
  parseTyping, parseUnread,
} from '../src/protocol';
import type { RoomKind } from '../src/protocol';

type Raw = Record<string, any>;
const FOLDER = fileURLToPath(new URL('../../../../golden/', import.meta.url));
const golden = (name: string): Raw => JSON.parse(readFileSync(FOLDER + name, 'utf8'));
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const kindOf = (name: string): RoomKind => (name.includes('dispute') ? 'dispute' : 'order');

/** Every key of the example, except those that are told in another shape. */
function expectKept(parsed: unknown, example: Raw): void {
  expect(parsed).not.toBeNull();
  const { statusChange, assignment, ...plain } = example;
  expect(parsed).toMatchObject(plain);
  if (statusChange !== undefined) expect((parsed as Raw)['change']).toMatchObject({ what: 'status', value: statusChange.status });
  if (assignment !== undefined) expect((parsed as Raw)['change']).toMatchObject({ what: 'moderator', value: assignment.moderatorId });
}

const PARSERS: [RegExp, (payload: Raw, name: string) => unknown][] = [
  [/_message(_edited|_deleted)?$/, (payload, name) => parseMessage(kindOf(name), payload)],
  [/_typing$/, parseTyping],
  [/^(order|dispute)_read$/, parseReceipt],
  [/_status_update$/, parseStatus],
  [/^user_presence$/, parsePresence],
  [/^notification$/, parseNotification],
  [/^unread$/, parseUnread],
];

describe('the examples of the contract', () => {
  it.each(files.filter((name) => name.startsWith('server.')))('%s', (name) => {
    const { event, payload } = golden(name);
    const parser = PARSERS.find(([pattern]) => pattern.test(event))?.[1];
    // Small events without a shape of their own.
    if (parser === undefined) return expect(event).toMatch(/^(chat_error|token_expiring|server_draining|notifications_read|dispute_assigned|dispute_note)$/);
    expectKept(parser(payload, event), payload);
  });

  it.each(files.filter((name) => name.startsWith('client.join_')))('%s', (name) => {
    const { ack } = golden(name);
    if (ack.ok !== true) return expect(ack.error.code).toBeTypeOf('string');
    const parsed = parseJoinAck(kindOf(name), ack);
    expect(parsed).toMatchObject({
      status: ack.status, role: ack.role, lastSeq: ack.lastSeq, lastReadSeq: ack.lastReadSeq, reads: ack.reads,
      participants: ack.participants, hasMore: ack.hasMore, gap: ack.gap, lastChangeSeq: ack.lastChangeSeq,
    });
    for (const [at, one] of ack.messages.entries()) expectKept(parsed!.messages[at], one);
    for (const [at, one] of ack.changes.entries()) expectKept(parsed!.changes[at], one);
  });

  it.each(files.filter((name) => /^client\..*_message(_edit|_delete)?\.json$/.test(name)))('%s', (name) => {
    const { ack } = golden(name);
    expectKept(parseMessage(kindOf(name), ack.message), ack.message);
  });

  it.each(files.filter((name) => /^rest\.get_.*(messages|changes|notifications|unread)\.json$/.test(name)))('%s', (name) => {
    const { response } = golden(name);
    if (name.includes('unread')) return expectKept(parseUnread(response), response);
    if (name.includes('notifications')) return expectKept(parseNotifications(response.notifications)[0], response.notifications[0]);
    const list = response.messages ?? response.changes;
    for (const [at, one] of parseMessages(kindOf(name), list).entries()) expectKept(one, list[at]);
  });
});
