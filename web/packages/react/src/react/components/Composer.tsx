import { useEffect, useId, useRef, useState } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import { toChatError } from '../../protocol/errors';
import type { ChatError } from '../../protocol/errors';
import type { RoomKey } from '../../protocol/types';
import { useTranslator } from '../context';
import { LockIcon, SendIcon } from './icons';

export interface ComposerProps {
  client: ChatClient;
  roomKey: RoomKey;
  maxLength: number;
  /** Set where the reader may not write. */
  readOnly: boolean;
  onError?: ((error: ChatError) => void) | undefined;
}

/** From this share of the limit on, the rest is counted. */
const COUNT_FROM = 0.8;

/** CSS `field-sizing` grows the field by itself; elsewhere the height follows the text. */
const GROWS_BY_ITSELF = typeof CSS !== 'undefined' && CSS.supports?.('field-sizing', 'content') === true;

/** Unfinished texts per client and room; they outlive a change of room, not a reload. */
const drafts: WeakMap<ChatClient, Map<RoomKey, string>> = new WeakMap();
function draftsOf(client: ChatClient): Map<RoomKey, string> {
  let mine = drafts.get(client);
  if (mine === undefined) drafts.set(client, (mine = new Map()));
  return mine;
}

/** Mount it anew (by key) for another chat. */
export function Composer({ client, roomKey, maxLength, readOnly, onError }: ComposerProps): ReactElement {
  const { t } = useTranslator();
  const [text, setText] = useState(() => draftsOf(client).get(roomKey) ?? '');
  const field = useRef<HTMLTextAreaElement>(null);
  const hintId = useId();
  const length = [...text].length;
  const left = maxLength - length;
  const sendable = text.trim() !== '' && left >= 0;

  useEffect(() => () => client.setTyping(roomKey, false), [client, roomKey]);
  useEffect(() => {
    const element = field.current;
    if (element === null || GROWS_BY_ITSELF) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  if (readOnly) return <p className="chat-read-only"><LockIcon /> {t('composer.readOnly')}</p>;

  const change = (value: string): void => {
    setText(value);
    draftsOf(client).set(roomKey, value);
    client.setTyping(roomKey, value.trim() !== '');
  };
  const send = (): void => {
    if (!sendable) return;
    // A final refusal stays in the list as a failed message; here it is only reported.
    client.send(roomKey, text.trim()).catch((error: unknown) => onError?.(toChatError(error)));
    setText('');
    draftsOf(client).delete(roomKey);
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      className="chat-composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        className="chat-input"
        dir="auto"
        rows={1}
        value={text}
        aria-label={t('composer.label')}
        aria-describedby={hintId}
        aria-invalid={left < 0}
        placeholder={t('composer.placeholder')}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => client.setTyping(roomKey, false)}
      />
      <button
        type="submit" className="chat-send" aria-label={t('composer.send')} title={t('composer.send')}
        aria-disabled={!sendable}
      >
        <SendIcon />
      </button>
      <span id={hintId} className={length >= maxLength * COUNT_FROM ? 'chat-counter' : 'chat-hidden'} data-over={left < 0}>
        {length < maxLength * COUNT_FROM
          ? t('composer.keys')
          : left < 0 ? t('composer.over', { count: -left }) : t('composer.left', { count: left })}
      </span>
    </form>
  );
}
