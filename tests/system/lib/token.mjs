// JSON Web Tokens, the good and the bad ones.
import { createHmac } from 'node:crypto';

const base64url = (text) => Buffer.from(text).toString('base64url');
const digests = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

export const now_s = () => Math.floor(Date.now() / 1000);

/** A token from the very texts of header and payload, so that what no JSON writer would produce can be sent too. */
export function signTexts(header, payload, secret, alg = 'HS256') {
  const head = `${base64url(header)}.${base64url(payload)}`;
  return `${head}.${createHmac(digests[alg], secret).update(head).digest('base64url')}`;
}

/** A good token for an hour, unless `claims` say otherwise; a claim of undefined is left out. */
export function sign(claims, secret, alg = 'HS256') {
  const payload = { iat: now_s(), exp: now_s() + 3600, ...claims };
  return signTexts(JSON.stringify({ alg, typ: 'JWT' }), JSON.stringify(payload), secret, alg);
}

/** The same claims under a header of one's own and any signature, an empty one by default. */
export function unsigned(claims, header, signature = '') {
  const payload = { iat: now_s(), exp: now_s() + 3600, ...claims };
  return `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}.${signature}`;
}
