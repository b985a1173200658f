/** UUIDs and the few claims of a token that the client needs to know who "me" is. */
import { isObject, parseRole } from '../protocol/guards';
import type { Role } from '../protocol/types';

/** `crypto.randomUUID` exists in secure contexts only; a plain-http LAN address has just `getRandomValues`. */
export function newId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Reads the claims without checking them: the server checks, the client only wants to know its own name. */
export interface Claims { id: string; role: Role | null; name: string | null }
export function readClaims(token: string): Claims | null {
  const body = token.replace(/^Bearer /, '').split('.')[1];
  if (body === undefined) return null;
  try {
    const bytes = Uint8Array.from(atob(body.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (!isObject(claims)) return null;
    const id = claims['sub'] ?? claims['userId'] ?? claims['id'];
    if (typeof id !== 'string') return null;
    const name = claims['name'];
    return { id: id.toLowerCase(), role: parseRole(claims['role']), name: typeof name === 'string' ? name : null };
  } catch {
    return null;
  }
}
