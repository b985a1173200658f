import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslator } from '../context';

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
