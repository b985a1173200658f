import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import type { RoomKey } from '../../protocol/types';
import { useTranslator } from '../context';
import { systemText } from './SystemRow';

const BATCH_MS = 1_000;
const KEEP_LINES = 20;

interface Line { id: number; text: string }

/**
 * What a screen reader hears of new messages. The scrolling list is no live region: it adds and removes rows while
 * scrolling. Here only what others say now arrives, at most once a second.
 */
export function Announcer(props: {
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

const TYPING_REPEAT_MS = 10_000;

/** "Ivan is typing…", for a screen reader at most once in ten seconds. */
export function TypingIndicator({ names }: { names: readonly string[] }): ReactElement {
  const { t, list } = useTranslator();
  const text = names.length === 0 ? '' : t(names.length === 1 ? 'typing.one' : 'typing.many', { names: list(names) });
  const [spoken, setSpoken] = useState('');
  const spokenAt = useRef(0);
  useEffect(() => {
    const speak = setTimeout(() => {
      const now = Date.now();
      if (text !== '' && now - spokenAt.current < TYPING_REPEAT_MS) return;
      if (text !== '') spokenAt.current = now;
      setSpoken(text);
    });
    return () => clearTimeout(speak);
  }, [text]);
  return (
    <div className="chat-typing" data-on={text !== ''}>
      <span aria-hidden="true">
        {text !== '' && <><span className="chat-dots"><i /><i /><i /></span>{text}</>}
      </span>
      <span className="chat-hidden" role="status">{spoken}</span>
    </div>
  );
}
