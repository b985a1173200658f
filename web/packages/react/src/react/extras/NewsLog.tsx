import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import type { RoomKey } from '../../protocol/types';
import { systemText } from '../components/SystemRow';
import { useTranslator } from '../context';

const BATCH_MS = 1_000;
const KEEP_LINES = 20;

interface Line { id: number; text: string }

/**
 * What a screen reader hears of new messages. The scrolling list is no live region: it adds and removes rows while
 * scrolling. Here only what others say now arrives, at most once a second.
 */
export function NewsLog(props: {
  client: ChatClient; roomKey: RoomKey; me: string | null; nameOf(userId: string): string;
}): ReactElement {
  const { client, roomKey, me, nameOf } = props;
  const translator = useTranslator();
  const [lines, setLines] = useState<readonly Line[]>([]);
  const latest = useRef({ translator, nameOf });
  useEffect(() => {
    latest.current = { translator, nameOf };
  });
  useEffect(() => {
    let waiting: string[] = [];
    let timer: ReturnType<typeof setTimeout> | null = null;
    let count = 0;
    const tell = (): void => {
      timer = null;
      const text = waiting.length === 1 ? waiting[0]! : latest.current.translator.t('announce.many', { count: waiting.length });
      waiting = [];
      count++;
      const line = { id: count, text };
      setLines((before) => [...before, line].slice(-KEEP_LINES));
    };
    const stop = client.on('message', (message) => {
      if (message.room !== roomKey || message.senderId === me) return;
      const { translator: now, nameOf: name } = latest.current;
      const files = message.attachments.map(({ fileName }) => fileName).join(', ');
      waiting.push(message.type === 'system'
        ? systemText(message, name, now)
        : now.t('announce.one', { name: name(message.senderId), text: message.content || files }));
      timer ??= setTimeout(tell, BATCH_MS);
    });
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
    };
  }, [client, roomKey, me]);
  return (
    <div className="chat-hidden" role="log" aria-live="polite" aria-relevant="additions">
      {lines.map(({ id, text }) => <p key={id}>{text}</p>)}
    </div>
  );
}
