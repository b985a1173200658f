/** The REST calls of the demo, and their answers. */
import type { ChatClient, ChatMessage, Role } from '@rozmova/react';
import { ChatError, parseError, parseMessage } from '@rozmova/react';

export interface Person { id: string; name: string; role: Role }
export interface Order {
  id: string;
  number: number;
  title: string;
  status: string;
  amount: number | null;
  currency: string | null;
  client: { id: string; name: string };
  performer: { id: string; name: string };
  lastMessage: ChatMessage | null;
  lastSeq: number;
  lastReadSeq: number;
  unread: number;
  createdAt: string;
  updatedAt: string;
  deadlineAt: string | null;
  /** The newest one about this order. */
  dispute: { id: string; status: string } | null;
  /** What this reader may make of it next. */
  transitions: readonly string[];
  mayDispute: boolean;
}
export interface Dispute {
  id: string;
  orderId: string;
  order: { id: string; number: number; title: string; status: string };
  status: string;
  reason: string;
  openedBy: string;
  client: { id: string; name: string };
  performer: { id: string; name: string };
  moderator: { id: string; name: string } | null;
  /** What the decision made of the order. */
  outcome: string | null;
  lastMessage: ChatMessage | null;
  lastSeq: number;
  lastReadSeq: number;
  unread: number;
  createdAt: string;
  updatedAt: string;
  transitions: readonly string[];
}
export interface Note { id: string; authorName: string; content: string; createdAt: string }
export interface Session { token: string; user: Person; expiresAt: string }

export const API_BASE: string = (import.meta.env['VITE_API_BASE'] as string | undefined) ?? '/v1';

/** Calls that need no sign-in. */
async function open(path: string, body?: unknown): Promise<Record<string, unknown>> {
  let response: Response;
  try {
    response = await fetch(API_BASE + path, body === undefined ? {} : {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    });
  } catch (cause) {
    throw new ChatError('DISCONNECTED', String(cause));
  }
  const answer = (await response.json().catch(() => null)) as Record<string, unknown> | null;
  if (response.ok && answer !== null) return answer;
  throw parseError(answer?.['error'], response.status === 404 ? 'NOT_FOUND' : 'UNAVAILABLE');
}

export async function fetchPeople(): Promise<Person[]> {
  return (await open('/demo/people'))['people'] as Person[];
}
export async function signInAs(userId: string): Promise<Session> {
  return (await open('/auth/demo', { userId })) as unknown as Session;
}

export async function fetchOrders(client: ChatClient): Promise<Order[]> {
  const answer = await client.request('GET', '/orders?limit=100');
  return (answer['orders'] as Order[]).map((order) => ({
    ...order, dispute: order.dispute ?? null, transitions: order.transitions ?? [], mayDispute: order.mayDispute ?? false,
    lastMessage: order.lastMessage === null ? null : parseMessage('order', order.lastMessage),
  }));
}

const disputeOf = (raw: Dispute): Dispute => ({
  ...raw, lastMessage: raw.lastMessage === null ? null : parseMessage('dispute', raw.lastMessage),
});
export async function fetchDisputes(client: ChatClient, status = ''): Promise<Dispute[]> {
  const answer = await client.request('GET', `/disputes?limit=100${status === '' ? '' : `&status=${status}`}`);
  return (answer['disputes'] as Dispute[]).map(disputeOf);
}
export async function fetchDispute(client: ChatClient, id: string): Promise<Dispute> {
  return disputeOf((await client.request('GET', `/disputes/${id}`)) as unknown as Dispute);
}
/** Gives the id of the new dispute. */
export async function openDispute(client: ChatClient, orderId: string, reason: string): Promise<string> {
  const answer = await client.request('POST', `/orders/${orderId}/disputes`, { reason });
  return ((answer['dispute'] ?? answer) as { id: string }).id;
}
/** Takes it; null gives it back. */
export async function assignDispute(client: ChatClient, id: string, moderatorId?: string | null): Promise<void> {
  await client.request('POST', `/disputes/${id}/assign`, moderatorId === undefined ? {} : { moderatorId });
}
export async function fetchNotes(client: ChatClient, id: string): Promise<Note[]> {
  return (await client.request('GET', `/disputes/${id}/notes?limit=50`))['notes'] as Note[];
}
export async function addNote(client: ChatClient, id: string, content: string): Promise<void> {
  await client.request('POST', `/disputes/${id}/notes`, { content });
}
export interface NewOrderInput {
  title: string;
  clientId: string;
  performerId: string;
  amount?: number;
  currency?: string;
}
/** Gives the id of the new order. */
export async function createOrder(client: ChatClient, order: NewOrderInput): Promise<string> {
  const answer = await client.request('POST', '/orders', order);
  return ((answer['order'] ?? answer) as { id: string }).id;
}
