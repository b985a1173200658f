/**
 * Breaks the network of this tab on purpose, under everything else: fetch, XMLHttpRequest and WebSocket obey the rules
 * below. For the lab panel and the tests; loaded only with ?lab=1, before anything connects.
 */
export type Network = 'ok' | 'noWebSocket' | 'restOnly' | 'none';
export interface LabRules { network: Network; delayMs: number; dropAcks: boolean }

export const rules: LabRules = { network: 'ok', delayMs: 0, dropAcks: false };
const open = new Set<WebSocket>();

/** Ends what is connected now; new connections follow the rules. */
export function cut(): void {
  for (const socket of open) socket.close();
}

const isSocketPath = (url: string): boolean => url.includes('/socket.io/');
function allowed(url: string, webSocket: boolean): boolean {
  if (rules.network === 'none') return false;
  if (webSocket) return rules.network === 'ok';
  return !isSocketPath(url) || rules.network !== 'restOnly';
}
/** A Socket.IO acknowledgement of the default namespace, over WebSocket or in a polling body. */
const ACK = /^43\d+\[/;

/** Socket.IO takes the constructor when it is loaded, so it is the prototype that obeys. */
function installSocket(): void {
  const { prototype } = WebSocket;
  const plainSend = prototype.send;
  const plainMessage = Object.getOwnPropertyDescriptor(prototype, 'onmessage')!;
  Object.defineProperty(prototype, 'onmessage', {
    ...plainMessage,
    set(this: WebSocket, handler: ((event: MessageEvent) => void) | null) {
      if (handler !== null && !open.has(this)) {
        open.add(this);
        this.addEventListener('close', () => open.delete(this));
        if (!allowed(this.url, true)) this.close();
      }
      plainMessage.set!.call(this, handler === null ? null : (event: MessageEvent) => {
        if (rules.dropAcks && typeof event.data === 'string' && ACK.test(event.data)) return;
        if (rules.delayMs === 0) handler.call(this, event);
        else setTimeout(() => handler.call(this, event), rules.delayMs);
      });
    },
  });
  prototype.send = function labSend(this: WebSocket, data) {
    const go = (): void => {
      if (this.readyState === WebSocket.OPEN) plainSend.call(this, data);
    };
    if (rules.delayMs === 0) go();
    else setTimeout(go, rules.delayMs);
  };
}

export function installLab(): void {
  installSocket();
  const plainFetch = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    await new Promise((next) => setTimeout(next, rules.delayMs));
    if (!allowed(url, false)) throw new TypeError('the lab has cut the network');
    return plainFetch(input, init);
  };

  const { open: plainOpen, send: plainSend } = XMLHttpRequest.prototype;
  const blocked = new WeakSet<XMLHttpRequest>();
  XMLHttpRequest.prototype.open = function labOpen(this: XMLHttpRequest, method: string, url: string | URL, ...rest: unknown[]) {
    if (allowed(String(url), false)) blocked.delete(this);
    else blocked.add(this);
    // What is blocked asks for what is not there, and fails.
    plainOpen.call(this, method, blocked.has(this) ? '/assets/cut-by-the-lab' : url, ...(rest as [boolean]));
  } as typeof XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.send = function labSend(this: XMLHttpRequest, body) {
    setTimeout(() => {
      if (this.readyState === XMLHttpRequest.OPENED) plainSend.call(this, body);
    }, rules.delayMs);
  };
}
