import { describe, expect, it } from 'vitest';
import { MemoryOutboxStorage, roomKey, selectPending, selectRoom } from '../src/client';
import type { ChatClient, ChatMessage, RoomKey } from '../src/client';
import { Refusal } from './contract-server';
import { clientOf, isLive, ivan, olia, order, room, server } from './stage';
import { settle, until } from './wait';

const texts = (client: ChatClient, of: RoomKey = room): string[] =>
  selectRoom(client.state, of).messages.map(({ content }) => content);
const heardBy = (client: ChatClient): string[] => {
  const heard: string[] = [];
  client.on('message', ({ content }) => heard.push(content));
  return heard;
};
async function enter(client: ChatClient, of: RoomKey = room): Promise<() => void> {
  client.retain();
  const leave = client.joinRoom(of);
  await until('joined', () => selectRoom(client.state, of).phase === 'ready');
  return leave;
}
const sent = (event: string): number => server.received.filter((one) => one.event === event).length;

describe('connection', () => {
  it('opens by polling and upgrades to WebSocket', async () => {
    const client = clientOf(olia);
    client.retain();
    await until('upgraded', () => {
      const { link } = client.state;
      return link.kind === 'live' && link.transport === 'websocket';
    });
    expect(server.firstTransports).toEqual(['polling']);
  });

  it('is shared, and outlives a quick unmount and mount', async () => {
    const client = clientOf(olia);
    const release = client.retain();
    await until('live', () => isLive(client));
    release();
    const again = client.retain();
    await settle();
    expect(isLive(client)).toBe(true);
    expect(server.connections).toBe(1);
    again();
    await until('closed', () => client.state.link.kind === 'idle');
  });

  it('asks for one fresh token when the server refuses the old one', async () => {
    const asked: boolean[] = [];
    const stale = server.tokenOf(olia);
    server.rejectTokens.add(stale);
    const client = clientOf(olia, {
      token: ({ refresh }) => {
        asked.push(refresh);
        return refresh ? server.tokenOf(olia) : stale;
      },
    });
    client.retain();
    await until('live', () => isLive(client));
    expect(asked).toEqual([false, true]);
  });

  it('stops at auth-failed when a plain token is refused, and goes on with a new one', async () => {
    const stale = server.tokenOf(olia);
    server.rejectTokens.add(stale);
    const client = clientOf(olia, { token: stale });
    client.retain();
    await until('refused', () => client.state.link.kind === 'auth-failed');
    expect(client.state.link).toEqual({ kind: 'auth-failed', reason: 'TOKEN_EXPIRED' });
    client.setToken(server.tokenOf(olia));
    await until('live', () => isLive(client));
  });

  it('refreshes the token of a running connection', async () => {
    const client = clientOf(olia, { token: () => server.tokenOf(olia) });
    client.retain();
    await until('live', () => isLive(client));
    server.emitAll('token_expiring', { expiresAt: new Date().toISOString() });
    await until('refreshed', () => sent('auth_refresh') === 1);
    expect(server.connections).toBe(1);
  });

  it('shows nothing of one user to the next', async () => {
    const client = clientOf(olia);
    server.say(order, ivan, 'для Олі');
    await enter(client);
    client.setToken(server.tokenOf(ivan));
    await until('now Ivan', () => client.state.me?.id === ivan.id && isLive(client));
    await until('joined again', () => texts(client).length === 1);
    expect(client.state.me?.id).toBe(ivan.id);
  });
});

describe('rooms', () => {
  it('takes the newest page as history, not as news', async () => {
    for (let i = 1; i <= 60; i++) server.say(order, ivan, `m${i}`);
    const client = clientOf(olia);
    const heard = heardBy(client);
    await enter(client);
    expect(texts(client)).toHaveLength(50);
    server.say(order, ivan, 'новина');
    await until('heard', () => heard.length === 1);
    expect(heard).toEqual(['новина']);
    await client.loadOlder(room);
    expect(texts(client)).toHaveLength(61);
    expect(heard).toEqual(['новина']);
  });

  it('joins once for many users of a room and leaves with the last', async () => {
    const client = clientOf(olia);
    const first = await enter(client);
    const second = client.joinRoom(room);
    first();
    await settle();
    expect(sent('join_order_chat')).toBe(1);
    expect(sent('leave_order_chat')).toBe(0);
    second();
    await until('left', () => sent('leave_order_chat') === 1);
  });

  it('catches up after every reconnect, each message once and in order', async () => {
    const client = clientOf(olia);
    const heard = heardBy(client);
    await enter(client);
    const expected: string[] = [];
    for (let i = 1; i <= 5; i++) {
      const [live, missed] = [`live ${i}`, `missed ${i}`];
      server.say(order, ivan, live);
      await until(live, () => heard.includes(live));
      server.cutConnections();
      server.say(order, ivan, missed);
      await until(missed, () => heard.includes(missed) && isLive(client));
      expected.push(live, missed);
    }
    expect(heard).toEqual(expected);
    expect(texts(client)).toEqual(expected);
    const asked = server.received.filter((one) => one.event === 'join_order_chat').map((one) => one.payload['afterSeq']);
    expect(asked).toEqual([undefined, 1, 3, 5, 7, 9]);
  });

  it('pages through a long absence', async () => {
    server.say(order, ivan, 'перше');
    const client = clientOf(olia);
    const heard = heardBy(client);
    await enter(client);
    server.cutConnections();
    for (let i = 1; i <= 450; i++) server.sayUnheard(order, ivan, `m${i}`);
    await until('all there', () => texts(client).length === 451);
    expect(heard).toHaveLength(450);
    expect(heard.at(-1)).toBe('m450');
  });

  it('sees a hole in the numbers and asks for what is missing', async () => {
    const client = clientOf(olia);
    const heard = heardBy(client);
    await enter(client);
    server.sayUnheard(order, ivan, 'загублене');
    server.say(order, ivan, 'почуте');
    await until('repaired', () => heard.length === 2);
    expect(heard).toEqual(['загублене', 'почуте']);
    expect(sent('join_order_chat')).toBe(2);
  });

  it('starts anew when the server has less than we do', async () => {
    for (let i = 1; i <= 5; i++) server.say(order, ivan, `old ${i}`);
    const client = clientOf(olia);
    await enter(client);
    order.messages.length = 2;
    server.cutConnections();
    await until('rewound', () => texts(client).length === 2);
    const heard = heardBy(client);
    server.say(order, ivan, 'new 3');
    await until('heard', () => heard.length === 1);
    expect(texts(client)).toEqual(['old 1', 'old 2', 'new 3']);
  });

  it('says why a room is refused, and stays out', async () => {
    const stranger = server.addUser('Чужий', 'client');
    const client = clientOf(stranger);
    client.retain();
    client.joinRoom(room);
    await until('refused', () => selectRoom(client.state, room).phase === 'refused');
    expect(selectRoom(client.state, room).error?.code).toBe('FORBIDDEN');
    server.say(order, ivan, 'таємне');
    await settle();
    expect(texts(client)).toEqual([]);
  });

  it('waits as long as the server asks before joining again', async () => {
    let refusals = 2;
    server.intercept = (event) => {
      if (event === 'join_order_chat' && refusals-- > 0) throw new Refusal('RATE_LIMITED', 'slow', 80);
    };
    await enter(clientOf(olia));
    expect(sent('join_order_chat')).toBe(3);
  });

  it('hears only what comes after, when asked so, and loads history on demand', async () => {
    for (let i = 1; i <= 70; i++) server.say(order, ivan, `m${i}`);
    const client = clientOf(olia);
    client.retain();
    client.joinRoom(room, { afterSeq: 70 });
    await until('joined', () => selectRoom(client.state, room).phase === 'ready');
    expect(texts(client)).toEqual([]);
    await client.loadOlder(room);
    expect(texts(client)[0]).toBe('m21');
    await client.loadOlder(room);
    expect(texts(client)).toHaveLength(70);
  });

  it('speaks dispute events the same way', async () => {
    const dispute = server.addChat('dispute', olia, ivan);
    const key = roomKey('dispute', dispute.id);
    const client = clientOf(olia);
    await enter(client, key);
    const stored = await client.send(key, 'Не те, що домовлялись');
    expect(stored.disputeId).toBe(dispute.id);
    expect(texts(client, key)).toEqual(['Не те, що домовлялись']);
  });
});

describe('sending', () => {
  it('shows at once, resolves when stored, and is there once', async () => {
    const client = clientOf(olia);
    const heard = heardBy(client);
    await enter(client);
    const promise = client.send(room, 'Вітаю!');
    expect(selectPending(client.state, room).map(({ content }) => content)).toEqual(['Вітаю!']);
    const stored: ChatMessage = await promise;
    expect(stored.seq).toBe(1);
    await settle();
    expect(selectPending(client.state, room)).toEqual([]);
    expect(texts(client)).toEqual(['Вітаю!']);
    expect(heard).toEqual(['Вітаю!']);
  });

  it('keeps the order of a burst', async () => {
    const client = clientOf(olia);
    await enter(client);
    const words = Array.from({ length: 30 }, (_, i) => `слово ${i}`);
    await Promise.all(words.map((word) => client.send(room, word)));
    expect(order.messages.map((one) => one['content'])).toEqual(words);
    expect(texts(client)).toEqual(words);
  });

  it('survives a restart of the server: nothing lost, nothing twice', async () => {
    const [a, b] = [clientOf(olia), clientOf(ivan)];
    await Promise.all([enter(a), enter(b)]);
    await a.send(room, 'до');
    await server.stop();
    const pending = [a.send(room, 'під час 1'), a.send(room, 'під час 2')];
    await settle();
    expect(selectPending(a.state, room)).toHaveLength(2);
    await server.start();
    await Promise.all(pending);
    await until('both see it', () => texts(b).length === 3);
    expect(texts(a)).toEqual(['до', 'під час 1', 'під час 2']);
    expect(texts(b)).toEqual(texts(a));
  });

  it('sends again under the same id when the ack is lost', async () => {
    const client = clientOf(olia);
    await enter(client);
    let drops = 1;
    server.intercept = (event) => {
      if (event !== 'order_message' || drops-- <= 0) return;
      setTimeout(() => server.cutConnections(), 10);
      return 'drop';
    };
    await client.send(room, 'одне');
    await settle();
    expect(order.messages).toHaveLength(1);
    expect(texts(client)).toEqual(['одне']);
  });

  it('fails for good on a final refusal, then retries or discards on request', async () => {
    const client = clientOf(olia);
    await enter(client);
    let closed = true;
    server.intercept = (event) => {
      if (event === 'order_message' && closed) throw new Refusal('CHAT_CLOSED');
    };
    await expect(client.send(room, 'запізно')).rejects.toMatchObject({ code: 'CHAT_CLOSED' });
    const [failed] = selectPending(client.state, room);
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'CHAT_CLOSED' } });
    closed = false;
    client.retryMessage(failed!.clientMessageId);
    await until('stored', () => texts(client).length === 1);
    closed = true;
    await expect(client.send(room, 'ще')).rejects.toMatchObject({ code: 'CHAT_CLOSED' });
    client.discardMessage(selectPending(client.state, room)[0]!.clientMessageId);
    expect(selectPending(client.state, room)).toEqual([]);
  });

  it('waits out a rate limit without losing the order', async () => {
    const client = clientOf(olia);
    await enter(client);
    let budget = 3;
    server.intercept = (event) => {
      if (event !== 'order_message') return;
      if (budget-- > 0) return;
      setTimeout(() => (budget = 1), 60);
      throw new Refusal('RATE_LIMITED', 'slow down', 80);
    };
    // It is said once and stays until all is sent, however often the server refuses.
    const said = [false];
    client.store.subscribe(() => {
      const isPaused = client.state.pausedUntil !== 0;
      if (said.at(-1) !== isPaused) said.push(isPaused);
    });
    await Promise.all(['1', '2', '3', '4', '5', '6'].map((word) => client.send(room, word)));
    expect(order.messages.map((one) => one['content']).join('')).toBe('123456');
    await until('nothing is said any more', () => said.length > 1 && said.at(-1) === false);
    expect(said).toEqual([false, true, false]);
  });

  it('refuses here what the server would refuse', async () => {
    const client = clientOf(olia);
    await enter(client);
    await expect(client.send(room, '   ')).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    await expect(client.send(room, 'я'.repeat(10_001))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(sent('order_message')).toBe(0);
  });

  it('learns what was edited and deleted while it was away, by socket and by REST', async () => {
    const [kept, gone] = [server.say(order, ivan, 'перше'), server.say(order, ivan, 'друге')];
    const client = clientOf(olia);
    const writer = clientOf(ivan);
    await enter(client);
    await enter(writer);
    client.disconnect();
    await writer.editMessage(room, kept['id'], 'перше, змінене');
    await writer.deleteMessage(room, gone['id']);
    client.connect();
    await until('caught up', () => texts(client)[0] === 'перше, змінене');
    expect(selectRoom(client.state, room).messages[1]!.deletedAt).not.toBeNull();

    server.allowSockets = false;
    server.cutConnections();
    await until('degraded', () => client.state.link.kind === 'degraded' && writer.state.link.kind === 'degraded', 15_000);
    await writer.editMessage(room, kept['id'], 'ще раз');
    await until('polled', () => texts(client)[0] === 'ще раз', 10_000);
  });

  it('brings unsent messages back after a reload', async () => {
    const storage = new MemoryOutboxStorage();
    const before = clientOf(olia, { outboxStorage: storage });
    await enter(before);
    await server.stop();
    before.send(room, 'написане без мережі').catch(() => {});
    await settle(20);
    before.disconnect();
    await server.start();
    const after = clientOf(olia, { outboxStorage: storage });
    await enter(after);
    await until('sent', () => texts(after).includes('написане без мережі'));
    expect(await storage.load(olia.id)).toEqual([]);
  });

  it('renews an expired token in the middle and delivers', async () => {
    const client = clientOf(olia, { token: () => server.tokenOf(olia) });
    await enter(client);
    let expired = true;
    server.intercept = (event) => {
      if (event === 'auth_refresh') expired = false;
      if (event === 'order_message' && expired) throw new Refusal('TOKEN_EXPIRED');
    };
    await client.send(room, 'дійшло');
    expect(texts(client)).toEqual(['дійшло']);
  });
});

describe('typing, presence, reads', () => {
  it('tells typing at most once in three seconds and stops on send', async () => {
    const [a, b] = [clientOf(olia), clientOf(ivan)];
    await Promise.all([enter(a), enter(b)]);
    const typers = (): string[] => [...selectRoom(b.state, room).typing.keys()];
    for (let i = 0; i < 10; i++) a.setTyping(room, true);
    await until('typing seen', () => typers().length === 1);
    expect(typers()).toEqual([olia.id]);
    expect(sent('order_typing')).toBe(1);
    await a.send(room, 'готово');
    await until('typing gone', () => typers().length === 0);
  });

  it('tells typing while something else is on its way, once there is a connection, and again after a lost one', async () => {
    const [a, b] = [clientOf(olia, { transports: ['polling'] }), clientOf(ivan)];
    await enter(b);
    const typers = (): string[] => [...selectRoom(b.state, room).typing.keys()];
    a.retain();
    a.joinRoom(room);
    a.setTyping(room, true);
    await until('typing seen as soon as there is a connection', () => typers().length === 1);
    a.setTyping(room, false);
    await until('no longer', () => typers().length === 0);
    // A request of polling is under way: the transport takes nothing at this moment.
    void a.loadNotifications();
    void a.send(room, 'перше');
    a.setTyping(room, true);
    await until('typing seen after the message', () => texts(b).length === 1 && typers().length === 1);
    server.cut(olia.id);
    await until('gone with the connection', () => !isLive(a) && typers().length === 0);
    await until('typing seen again', () => typers().length === 1);
  });

  it('knows who is there, and forgets it without a link', async () => {
    const a = clientOf(olia);
    await enter(a);
    const b = clientOf(ivan);
    await enter(b);
    await until('online', () => a.state.users.get(ivan.id)?.online === true);
    b.disconnect();
    await until('offline', () => a.state.users.get(ivan.id)?.online === false);
  });

  it('moves read marks forward and tells the writer', async () => {
    const [a, b] = [clientOf(olia), clientOf(ivan)];
    await Promise.all([enter(a), enter(b)]);
    await a.send(room, 'прочитай');
    await until('arrived', () => texts(b).length === 1);
    b.markRead(room, 1);
    await until('read', () => selectRoom(a.state, room).reads.get(ivan.id) === 1);
    b.markRead(room, 1);
    await settle(300);
    expect(sent('order_read')).toBe(1);
  });
});

describe('without a socket', () => {
  it('falls to REST polling, sends by POST, and climbs back without loss', async () => {
    server.allowSockets = false;
    const client = clientOf(olia);
    const heard = heardBy(client);
    server.say(order, ivan, 'історія');
    client.retain();
    client.joinRoom(room);
    await until('degraded', () => client.state.link.kind === 'degraded', 12_000);
    await until('history by REST', () => texts(client).length === 1);
    await client.send(room, 'через POST');
    server.say(order, ivan, 'відповідь');
    await until('polled', () => heard.length === 2);
    const { status, role } = selectRoom(client.state, room);
    expect([status, role]).toEqual([order.status, 'client']);
    const told: string[] = [];
    client.on('status', (event) => told.push(`${event.orderId === order.id} ${event.previousStatus} → ${event.status}`));
    order.status = 'cancelled';
    await until('status by REST', () => selectRoom(client.state, room).status === 'cancelled');
    expect(told).toEqual([`true ${status} → cancelled`]);
    server.allowSockets = true;
    client.retryNow();
    await until('live', () => isLive(client));
    server.say(order, ivan, 'знову наживо');
    await until('heard', () => heard.length === 3);
    expect(heard).toEqual(['через POST', 'відповідь', 'знову наживо']);
    expect(texts(client)).toEqual(['історія', ...heard]);
  });

  it('sends nothing of one user with the token of the next', async () => {
    server.allowSockets = false;
    const [first, next] = [server.tokenOf(olia), server.tokenOf(ivan)];
    const storage = new MemoryOutboxStorage();
    const client = clientOf(olia, { token: ({ refresh }) => (refresh ? next : first), outboxStorage: storage });
    client.retain();
    client.joinRoom(room);
    await until('degraded', () => client.state.link.kind === 'degraded', 12_000);
    server.rejectTokens.add(first);
    client.send(room, 'від Олі').catch(() => {});
    await until('the other one is there', () => client.state.me?.id === ivan.id);
    await client.send(room, 'від Івана');
    expect(order.messages.map(({ content, senderId }) => [content, senderId])).toEqual([['від Івана', ivan.id]]);
    expect((await storage.load(olia.id)).map(({ content }) => content)).toEqual(['від Олі']);
  });
});
