/** Debug mode: `console.debug` lines and a ring of the last frames in `window.__chatDebug`. Never a token. */
import { isObject } from '../protocol/guards';
import { DEBUG_FRAMES_MAX } from './limits';

export interface DebugFrame { at: number; direction: 'in' | 'out' | 'note'; name: string; payload?: unknown }

declare global {
  // eslint-disable-next-line no-var
  var __chatDebug: DebugFrame[] | undefined;
}

export class DebugLog {
  enabled = false;

  trace(direction: DebugFrame['direction'], name: string, payload?: unknown): void {
    if (!this.enabled) return;
    const frame: DebugFrame = { at: Date.now(), direction, name, payload: redact(payload) };
    const ring = (globalThis.__chatDebug ??= []);
    ring.push(frame);
    if (ring.length > DEBUG_FRAMES_MAX) ring.splice(0, ring.length - DEBUG_FRAMES_MAX);
    console.debug(`[rozmova] ${direction} ${name}`, frame.payload ?? '');
  }
}

function redact(payload: unknown): unknown {
  return isObject(payload) && 'token' in payload ? { ...payload, token: '…' } : payload;
}
