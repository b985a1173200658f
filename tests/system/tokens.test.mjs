// Tokens, good and bad, at the door and during the visit.
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign as signWithKey } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, holds } from './lib/deadline.mjs';
import { pollingOnly, websocketOnly } from './lib/device.mjs';
import { Rest } from './lib/rest.mjs';
import { secret } from './lib/server.mjs';
import { now_s, sign, signTexts, unsigned } from './lib/token.mjs';
import { World } from './lib/world.mjs';

const hs256 = '{"alg":"HS256","typ":"JWT"}';
const id = '0190163d-8694-739b-aea5-966c26f8ad91';
const claims = { sub: id, role: 'admin', name: 'Зловмисник' };
const withExp = (exp) => signTexts(hs256, `{"sub":"${id}","role":"admin","exp":${exp}}`, secret);

function signedByOwnKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const head = unsigned(claims, { alg: 'RS256', typ: 'JWT' }).slice(0, -1);
  return `${head}.${signWithKey('sha256', Buffer.from(head), privateKey).toString('base64url')}`;
}

const good = sign(claims, secret);
const [goodHeader, goodPayload, goodSignature] = good.split('.');
const flipped = (goodSignature[5] === 'A' ? 'B' : 'A');

/** name -> [token, code of the refusal] */
const refused = {
  'long expired': [sign({ ...claims, exp: now_s() - 3600 }, secret), 'TOKEN_EXPIRED'],
  'expired a minute ago': [sign({ ...claims, exp: now_s() - 60 }, secret), 'TOKEN_EXPIRED'],
  'forged with another secret': [sign(claims, 'another-secret-0123456789-0123456789'), 'UNAUTHORIZED'],
  'expired and forged': [sign({ ...claims, exp: now_s() - 60 }, 'another-secret-0123456789'), 'UNAUTHORIZED'],
  'one signature letter changed': [`${goodHeader}.${goodPayload}.${goodSignature.slice(0, 5)}${flipped}${goodSignature.slice(6)}`, 'UNAUTHORIZED'],
  'payload changed': [`${goodHeader}.${Buffer.from(JSON.stringify({ ...claims, exp: now_s() + 99 })).toString('base64url')}.${goodSignature}`, 'UNAUTHORIZED'],
  'signature cut short': [good.slice(0, -4), 'UNAUTHORIZED'],
  'signature with padding': [`${good}=`, 'UNAUTHORIZED'],
  'alg none': [unsigned(claims, { alg: 'none', typ: 'JWT' }), 'UNAUTHORIZED'],
  'alg None': [unsigned(claims, { alg: 'None' }), 'UNAUTHORIZED'],
  'alg none, two parts': [unsigned(claims, { alg: 'none' }).slice(0, -1), 'UNAUTHORIZED'],
  'alg none with the signature of HS256': [unsigned(claims, { alg: 'none' }, goodSignature), 'UNAUTHORIZED'],
  'alg HS256 without a signature': [unsigned(claims, { alg: 'HS256', typ: 'JWT' }), 'UNAUTHORIZED'],
  'alg RS256, signed with the secret': [signTexts('{"alg":"RS256"}', JSON.stringify({ ...claims, exp: now_s() + 60 }), secret), 'UNAUTHORIZED'],
  'alg RS256, signed with a key of one’s own': [signedByOwnKey(), 'UNAUTHORIZED'],
  'alg is no string': [signTexts('{"alg":["HS256"]}', JSON.stringify({ ...claims, exp: now_s() + 60 }), secret), 'UNAUTHORIZED'],
  'no alg': [signTexts('{"typ":"JWT"}', JSON.stringify({ ...claims, exp: now_s() + 60 }), secret), 'UNAUTHORIZED'],
  'header is no object': [signTexts('"HS256"', JSON.stringify({ ...claims, exp: now_s() + 60 }), secret), 'UNAUTHORIZED'],
  'critical extension': [signTexts('{"alg":"HS256","crit":["x"],"x":1}', JSON.stringify({ ...claims, exp: now_s() + 60 }), secret), 'UNAUTHORIZED'],
  'exp missing': [sign({ ...claims, exp: undefined }, secret), 'UNAUTHORIZED'],
  'exp 1e400': [withExp('1e400'), 'UNAUTHORIZED'],
  'exp -1e400': [withExp('-1e400'), 'UNAUTHORIZED'],
  'exp as a string': [withExp(`"${now_s() + 3600}"`), 'UNAUTHORIZED'],
  'exp null': [withExp('null'), 'UNAUTHORIZED'],
  'exp true': [withExp('true'), 'UNAUTHORIZED'],
  'exp of fifty thousand digits': [withExp('9'.repeat(50_000)), 'UNAUTHORIZED'],
  'not valid before tomorrow': [sign({ ...claims, nbf: now_s() + 86_400 }, secret), 'UNAUTHORIZED'],
  'no user': [sign({ role: 'admin' }, secret), 'UNAUTHORIZED'],
  'user is no UUID': [sign({ ...claims, sub: 'root' }, secret), 'UNAUTHORIZED'],
  'user is a number': [sign({ ...claims, sub: 1 }, secret), 'UNAUTHORIZED'],
  'payload is no JSON': [signTexts(hs256, '{"sub":', secret), 'UNAUTHORIZED'],
  'payload is an array': [signTexts(hs256, '[]', secret), 'UNAUTHORIZED'],
  'payload is empty': [signTexts(hs256, '', secret), 'UNAUTHORIZED'],
  'payload is deep': [signTexts(hs256, '['.repeat(20_000), secret), 'UNAUTHORIZED'],
  'five parts': [`${good}.x.y`, 'UNAUTHORIZED'],
  'dots alone': ['..', 'UNAUTHORIZED'],
  'no base64': ['ё.ї.є', 'UNAUTHORIZED'],
  'a word': ['letmein', 'UNAUTHORIZED'],
  'empty': ['', 'UNAUTHORIZED'],
  'Bearer alone': ['Bearer ', 'UNAUTHORIZED'],
  'huge': ['a'.repeat(200_000), 'UNAUTHORIZED'],
  'a number': [42, 'UNAUTHORIZED'],
  'null': [null, 'UNAUTHORIZED'],
  'an object': [{ token: good }, 'UNAUTHORIZED'],
  'an array': [[good], 'UNAUTHORIZED'],
};

describe('tokens', () => {
  let world;
  before(async () => (world = await World.open()));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  for (const [what, [token, code]] of Object.entries(refused)) {
    test(`refused at connect: ${what}`, async () => {
      const refusal = await world.device({ auth: { token } }).isTurnedAway();
      assert.equal(refusal.code, code, refusal.message);
      assert.ok(!(typeof token === 'string' && token.length > 10 && refusal.message.includes(token)), 'the token is not echoed');
    });
  }

  test('refused by REST: all that has the shape of a header value', async () => {
    for (const [what, [token, code]] of Object.entries(refused)) {
      if (typeof token !== 'string' || token.length > 10_000 || !/^[\x21-\x7e]+$/.test(token)) continue;
      const answer = await new Rest(world.url, token).asks('GET', '/v1/me');
      assert.equal(answer.status, 401, what);
      assert.equal(answer.body.error.code, code, what);
    }
    await new Rest(world.url).isRefused('GET', '/v1/me', undefined, 401, 'UNAUTHORIZED');
  });

  for (const [what, options] of Object.entries({ 'no auth': {}, 'auth without token': { auth: { user: 'x' } }, 'an empty auth': { auth: {} } })) {
    test(`refused at connect: ${what}`, async () => {
      assert.equal((await world.device(options).isTurnedAway()).code, 'UNAUTHORIZED');
      assert.equal((await world.device({ ...options, ...pollingOnly }).isTurnedAway()).code, 'UNAUTHORIZED');
    });
  }

  test('a token in the query is not looked at unless switched on', async () => {
    assert.equal((await world.device({ query: { token: good } }).isTurnedAway()).code, 'UNAUTHORIZED');
  });

  for (const [what, way] of Object.entries({ WebSocket: websocketOnly, polling: pollingOnly })) {
    test(`accepted by ${what}: plain, with Bearer, in the Authorization header`, async () => {
      const { alice } = await world.scene();
      await alice.device(way);
      await alice.device({ ...way, auth: { token: `Bearer ${alice.token()}` } });
      for (const auth of [{}, { token: null }]) {
        await alice.device({ ...way, auth, extraHeaders: { authorization: `Bearer ${alice.token()}` } });
      }
      await alice.device({ ...way, auth: (tell) => tell({ token: alice.token() }) });
    });
  }

  test('auth.token goes before the Authorization header', async () => {
    const { alice } = await world.scene();
    const both = { auth: { token: 'wrong' }, extraHeaders: { authorization: `Bearer ${alice.token()}` } };
    assert.equal((await world.device(both).isTurnedAway()).code, 'UNAUTHORIZED');
  });

  for (const claim of ['userId', 'id']) {
    test(`the user may be in the claim ${claim}`, async () => {
      const { bob, order } = await world.scene();
      const token = bob.token({ sub: undefined, [claim]: bob.id });
      const d = await world.device({ auth: { token } }).connects();
      assert.equal((await d.joins(order)).role, 'performer');
      assert.equal((await new Rest(world.url, token).does('GET', '/v1/me')).id, bob.id);
    });
  }

  test('an upper-case UUID is the same person', async () => {
    const { bob, order } = await world.scene();
    const d = await world.device({ auth: { token: bob.token({ sub: bob.id.toUpperCase() }) } }).connects();
    assert.equal((await d.sends(order, 'me')).senderId, bob.id);
  });

  test('a user who comes for the first time is made of the claims', async () => {
    const newcomer = await world.person('performer', 'Нова людина');
    holds(await newcomer.rest.does('GET', '/v1/me'), { id: newcomer.id, name: 'Нова людина', role: 'performer' });
  });

  test('a token that expires during the visit: the next action is refused with TOKEN_EXPIRED, others go on', async () => {
    const { alice, order, b } = await world.talk();
    // Expired a moment ago but within the leeway of five seconds: good at the door, bad soon after.
    const token = alice.token({ exp: now_s() - 3 });
    const d = await world.device({ auth: { token } }).connects();
    await d.joins(order);
    const rest = new Rest(world.url, token);
    await eventually('the token is over', async () => (await rest.asks('GET', '/v1/me')).status === 401);
    await d.isRefused('order_message', { orderId: order.id, content: 'too late' }, 'TOKEN_EXPIRED');
    await d.isRefused('join_order_chat', { orderId: order.id }, 'TOKEN_EXPIRED');
    await d.isRefused('order_typing', { orderId: order.id, isTyping: true }, 'TOKEN_EXPIRED');
    await rest.isRefused('POST', `/v1/orders/${order.id}/messages`, { content: 'too late' }, 401, 'TOKEN_EXPIRED');
    d.socket.emit('order_message', { orderId: order.id, content: 'too late' });
    assert.equal((await d.hears('chat_error', { event: 'order_message' })).code, 'TOKEN_EXPIRED');
    await b.sends(order, 'still in time');
    assert.deepEqual((await alice.rest.readsAll(order)).map((m) => m.content), ['still in time']);
  });
});
