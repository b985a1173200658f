// The documents of the API as validators: a route or an event that they do not know, and a field that they do not name,
// are faults.
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

export class Documents {
  constructor(openapi, asyncapi) {
    Object.assign(this, { openapi, asyncapi });
    this.ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true, allowUnionTypes: true, formats: { binary: true } });
    addFormats(this.ajv);
    this.ajv.addVocabulary(['example', 'components']);
    this.ajv.addSchema({ components: openapi.components }, 'openapi');
    this.ajv.addSchema({ components: asyncapi.components }, 'asyncapi');
    this.validators = new Map();
    this.routes = Object.entries(openapi.paths).map(([template, methods]) => ({
      template, methods, pattern: new RegExp(`^${template.split(/(\{\w+\})/).map((part) => (part.startsWith('{') ? '[^/]+' : escaped(part))).join('')}$`),
    })).sort((a, b) => (a.template.match(/\{/g)?.length ?? 0) - (b.template.match(/\{/g)?.length ?? 0));
    this.seen = new Set();
  }

  #faults(document, schema, value, what) {
    const key = `${document} ${JSON.stringify(schema)}`;
    if (!this.validators.has(key)) {
      const text = JSON.stringify(schema).replaceAll('"#/components', `"${document}#/components`);
      this.validators.set(key, this.ajv.compile(JSON.parse(text)));
    }
    const validate = this.validators.get(key);
    return validate(value) ? [] : validate.errors.map((e) => `${what}: ${e.instancePath || '/'} ${e.message} ${JSON.stringify(e.params)}`);
  }

  /** `{method, path, request, status, type, response}` */
  rest({ method, path, request, status, type, response }) {
    const plain = path.split('?')[0];
    if (!plain.startsWith('/v1') && !this.openapi.paths[plain]) return []; // pages of the web app
    const route = this.routes.find((r) => r.pattern.test(plain) && r.methods[method.toLowerCase()]);
    const known = this.routes.some((r) => r.pattern.test(plain));
    // What tests ask for on purpose although it is not there.
    if (!route) return status === 404 || (known && status === 405) ? this.#faults('openapi', { $ref: '#/components/schemas/Refused' }, response, `${method} ${path} ${status}`) : [`${method} ${path} answered ${status} and is not documented`];
    this.seen.add(`${method} ${route.template}`);
    const operation = route.methods[method.toLowerCase()];
    const what = `${method} ${route.template} ${status}`;
    const answer = operation.responses[status] ?? operation.responses.default;
    if (!answer) return [`${what} is not documented`];
    const content = answer.content?.[(type ?? '').split(';')[0]];
    const faults = [];
    if (response !== undefined && !content) faults.push(`${what}: ${type} is not documented`);
    if (response !== undefined && content) faults.push(...this.#faults('openapi', content.schema, response, what));
    const body = operation.requestBody?.content?.['application/json'];
    if (status < 300 && request !== undefined && typeof request !== 'string') {
      faults.push(...(body ? this.#faults('openapi', body.schema, request, `${what} request`) : [`${what}: its request is not documented`]));
    }
    const names = (operation.parameters ?? []).filter((p) => p.in === 'query').map((p) => p.name);
    const asked = [...new URLSearchParams(path.split('?')[1] ?? '').keys()].filter((name) => !names.includes(name));
    if (status < 300 && asked.length) faults.push(`${what}: the parameters ${asked} are not documented`);
    return faults;
  }

  /** What the server said: `event` with `args`. */
  server({ event, args }) {
    const message = this.asyncapi.components.messages[`server.${event}`];
    if (!message) return [`the server's event ${event} is not documented`];
    this.seen.add(`server ${event}`);
    if (args.length > 1) return [`${event} came with ${args.length} arguments`];
    return this.#faults('asyncapi', message.payload, args[0], `server ${event}`);
  }

  /** What a client said, and the answer: `event` with `args` and `ack`. */
  client({ event, args, ack }) {
    const [answer] = ack;
    const refused = { $ref: '#/components/schemas/RefusedAck' };
    const message = this.asyncapi.components.messages[`client.${event}`];
    if (!message) return answer?.ok === false ? this.#faults('asyncapi', refused, answer, `client ${event}`) : [`the event ${event} was taken and is not documented`];
    this.seen.add(`client ${event}`);
    if (answer?.ok !== true) return this.#faults('asyncapi', refused, answer, `ack of ${event}`);
    return [...this.#faults('asyncapi', message.payload, args[0], `client ${event}`), ...this.#faults('asyncapi', message['x-ack'], answer, `ack of ${event}`)];
  }

  /** Every route and event that the documents name. */
  named() {
    const routes = this.routes.flatMap((r) => Object.keys(r.methods).filter((m) => m !== 'parameters').map((m) => `${m.toUpperCase()} ${r.template}`));
    return [...routes, ...Object.keys(this.asyncapi.components.messages).map((name) => name.replace('.', ' '))];
  }
}
