/** What the monitor knows: stats once a second, connections every two, and what changed between two looks. */
import type { ChatClient } from '@rozmova/react';
import { useCallback, useEffect, useRef, useState } from 'react';

const STATS_MS = 1_000;
const CONNECTIONS_MS = 2_000;
const SAMPLES_MAX = 300;
const LOG_LINES_MAX = 200;

export interface Connection {
  socketId: string;
  userId: string;
  role: string;
  transport: string;
  address: string;
  connectedAt: string;
  tokenExpiresAt: string | null;
  rooms: readonly string[];
}
interface Latency { count: number; p50: number; p95: number; p99: number }
export interface Stats {
  version: string;
  connections: { websocket: number; polling: number };
  sockets: number;
  usersOnline: number;
  rooms: number;
  events: { in: number; out: number };
  messages: { stored: number; duplicate: number };
  reconnects: number;
  slowConsumers: number;
  refusals: Readonly<Record<string, number>>;
  ackMs: Latency;
  deliveryMs: Latency;
  database: { waiting: number; commitMsMean: number };
}
export interface Sample {
  at: number;
  messages: number;
  eventsIn: number;
  eventsOut: number;
  ackP50: number;
  ackP99: number;
  deliveryP99: number;
}
export interface LogLine { id: number; at: string; what: 'came' | 'left' | 'upgraded' | 'refused'; who: string; detail: string }
export interface Monitor {
  stats: Stats | null;
  samples: readonly Sample[];
  connections: readonly Connection[] | null;
  log: readonly LogLine[];
  failed: boolean;
  disconnect(socketId: string): Promise<void>;
}

export function useMonitor(client: ChatClient): Monitor {
  const [stats, setStats] = useState<Stats | null>(null);
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const [connections, setConnections] = useState<readonly Connection[] | null>(null);
  const [log, setLog] = useState<readonly LogLine[]>([]);
  const [failed, setFailed] = useState(false);
  const before = useRef<{ at: number; stats: Stats } | null>(null);
  const known = useRef<ReadonlyMap<string, Connection> | null>(null);
  const lines = useRef(0);

  const note = useCallback((added: Omit<LogLine, 'id' | 'at'>[]) => {
    if (added.length === 0) return;
    const at = new Date().toISOString();
    const numbered = added.map((line) => ({ ...line, id: ++lines.current, at }));
    setLog((all) => [...numbered.toReversed(), ...all].slice(0, LOG_LINES_MAX));
  }, []);
  const lookAtStats = useCallback(async () => {
    const now = (await client.request('GET', '/admin/stats')) as unknown as Stats;
    const at = Date.now();
    const last = before.current;
    before.current = { at, stats: now };
    setStats(now);
    if (last === null) return;
    setSamples((all) => [...all, sampleOf(now, last.stats, at, (at - last.at) / 1000)].slice(-SAMPLES_MAX));
    note(Object.entries(now.refusals)
      .filter(([code, count]) => count > (last.stats.refusals[code] ?? 0))
      .map(([code, count]) => ({ what: 'refused', who: code, detail: `+${count - (last.stats.refusals[code] ?? 0)}` })));
  }, [client, note]);
  const lookAtConnections = useCallback(async () => {
    const answer = await client.request('GET', '/admin/connections?limit=500');
    const found = answer['connections'] as Connection[];
    const next = new Map(found.map((one) => [one.socketId, one]));
    note(known.current === null ? [] : changesOf(known.current, next));
    known.current = next;
    setConnections(found);
  }, [client, note]);

  useEffect(() => {
    const every = (look: () => Promise<void>, ms: number): (() => void) => {
      let stopped = false;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const round = async (): Promise<void> => {
        if (document.visibilityState === 'visible') {
          await look().then(() => setFailed(false), () => setFailed(true));
        }
        if (!stopped) timer = setTimeout(() => void round(), ms);
      };
      void round();
      return () => {
        stopped = true;
        clearTimeout(timer);
      };
    };
    const stop = [every(lookAtStats, STATS_MS), every(lookAtConnections, CONNECTIONS_MS)];
    return () => stop.forEach((one) => one());
  }, [lookAtStats, lookAtConnections]);

  const disconnect = useCallback(async (socketId: string) => {
    await client.request('DELETE', `/admin/connections/${encodeURIComponent(socketId)}`);
    await lookAtConnections();
  }, [client, lookAtConnections]);
  return { stats, samples, connections, log, failed, disconnect };
}

function sampleOf(now: Stats, last: Stats, at: number, seconds: number): Sample {
  const rate = (a: number, b: number): number => Math.max(0, (a - b) / seconds);
  return {
    at: at / 1000,
    messages: rate(now.messages.stored, last.messages.stored),
    eventsIn: rate(now.events.in, last.events.in),
    eventsOut: rate(now.events.out, last.events.out),
    ackP50: now.ackMs.p50,
    ackP99: now.ackMs.p99,
    deliveryP99: now.deliveryMs.p99,
  };
}

function changesOf(before: ReadonlyMap<string, Connection>, now: ReadonlyMap<string, Connection>): Omit<LogLine, 'id' | 'at'>[] {
  const changes: Omit<LogLine, 'id' | 'at'>[] = [];
  for (const one of now.values()) {
    const was = before.get(one.socketId);
    if (was === undefined) changes.push({ what: 'came', who: one.userId, detail: one.transport });
    else if (was.transport !== one.transport) changes.push({ what: 'upgraded', who: one.userId, detail: one.transport });
  }
  for (const one of before.values()) {
    if (!now.has(one.socketId)) changes.push({ what: 'left', who: one.userId, detail: one.transport });
  }
  return changes;
}
