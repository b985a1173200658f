import { useEffect, useId, useImperativeHandle, useRef, useState } from 'react';
import type { ClipboardEvent, ComponentProps, KeyboardEvent, ReactElement, ReactNode, Ref } from 'react';
import type { ChatClient } from '../../client/client';
import { ATTACHMENTS_MAX } from '../../client/limits';
import { toChatError } from '../../protocol/errors';
import type { ChatError } from '../../protocol/errors';
import { newId } from '../../client/ids';
import type { UploadOptions } from '../../client/uploads';
import type { AttachmentInput, ChatMessage, RoomKey } from '../../protocol/types';
import { useTranslator } from '../context';
import { useChatState } from '../use-chat-state';
import type { ChatState } from '../../store/state';
import { CheckIcon, ClipIcon, LockIcon, SendIcon } from './icons';
import { DraftTray, Problem, WritingBanner } from './lazy';
import { useSeconds } from './use-seconds';

/** What the field is for: a new message, an answer to one, or another text for one. */
export type Writing =
  | { readonly kind: 'new' }
  | { readonly kind: 'reply'; readonly message: ChatMessage; readonly name: string }
  | { readonly kind: 'edit'; readonly message: ChatMessage };

/** Replaces the server's own uploads: puts the file somewhere and says where. */
export type Uploader = (file: File, options: UploadOptions) => Promise<AttachmentInput>;
export interface PickedFile { readonly id: string; readonly file: File }
export interface TrayState {
  readonly of: readonly PickedFile[];
  /** All of them are up. */
  readonly ready: boolean;
  readonly attachments: readonly AttachmentInput[];
}
const NO_FILES: readonly PickedFile[] = [];

export interface ComposerHandle { addFiles(files: Iterable<File>): void; focus(): void }
export interface ComposerProps {
  client: ChatClient;
  roomKey: RoomKey;
  maxLength: number;
  /** Why the reader may not write; null where he may. */
  readOnly: string | null;
  writing: Writing;
  onWriting(writing: Writing): void;
  /** Arrow up in an empty field. */
  onLastOwn(): void;
  upload?: Uploader | false | undefined;
  onError?: ((error: ChatError) => void) | undefined;
  handle?: Ref<ComposerHandle>;
}

/** From this share of the limit on, the rest is counted. */
const COUNT_FROM = 0.8;
const NEW: Writing = { kind: 'new' };

/** CSS `field-sizing` grows the field by itself; elsewhere the height follows the text. */
const GROWS_BY_ITSELF = typeof CSS !== 'undefined' && CSS.supports?.('field-sizing', 'content') === true;

/** Unfinished texts per client and room; they outlive a change of room, not a reload. */
const texts: WeakMap<ChatClient, Map<RoomKey, string>> = new WeakMap();
function textsOf(client: ChatClient): Map<RoomKey, string> {
  let mine = texts.get(client);
  if (mine === undefined) texts.set(client, (mine = new Map()));
  return mine;
}
const selectPause = (state: ChatState): number => state.pausedUntil;

/** Mount it anew (by key) for another chat, and for editing another message. */
export function Composer(props: ComposerProps): ReactElement {
  const { client, roomKey, maxLength, readOnly, writing, onWriting, onLastOwn, upload, onError, handle } = props;
  const { t } = useTranslator();
  const editing = writing.kind === 'edit' ? writing.message : null;
  const [text, setText] = useState(() => editing?.content ?? textsOf(client).get(roomKey) ?? '');
  const [files, setFiles] = useState(NO_FILES);
  const [tooMany, setTooMany] = useState(false);
  const [problem, setProblem] = useState<ComponentProps<typeof Problem> | null>(null);
  const [saving, setSaving] = useState(false);
  const [tray, setTray] = useState<TrayState | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const hintId = useId();
  const left = maxLength - [...text].length;
  // A file that is not up, or failed, holds the message back: nobody shall think that he sent it.
  const uploading = files.length > 0 && !(tray?.of === files && tray.ready);
  const sendable = left >= 0 && !uploading && !saving && (text.trim() !== '' || files.length > 0);
  const mayAttach = upload !== false && editing === null && readOnly === null;
  const addFiles = (found: Iterable<File>): void => {
    if (!mayAttach) return;
    const added = [...found].map((file): PickedFile => ({ id: newId(), file }));
    setTooMany(files.length + added.length > ATTACHMENTS_MAX);
    setFiles([...files, ...added].slice(0, ATTACHMENTS_MAX));
  };

  useImperativeHandle(handle, () => ({ addFiles, focus: () => field.current?.focus() }));
  useEffect(() => () => client.setTyping(roomKey, false), [client, roomKey]);
  useEffect(() => {
    if (writing.kind === 'new') return;
    const element = field.current;
    element?.focus();
    element?.setSelectionRange(element.value.length, element.value.length);
  }, [writing]);
  useEffect(() => {
    const element = field.current;
    if (element === null || GROWS_BY_ITSELF) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  if (readOnly !== null) return <p className="chat-read-only"><LockIcon /> {readOnly}</p>;

  const change = (value: string): void => {
    setText(value);
    setProblem(null);
    if (editing !== null) return;
    textsOf(client).set(roomKey, value);
    client.setTyping(roomKey, value.trim() !== '');
  };
  const cancel = (): void => {
    onWriting(NEW);
    field.current?.focus();
  };
  const send = (): void => {
    if (!sendable) return;
    field.current?.focus();
    if (editing !== null) {
      if (text.trim() === editing.content) return onWriting(NEW);
      setSaving(true);
      setProblem(null);
      client.editMessage(roomKey, editing.id, text.trim()).then(
        // Unless the reader went on to something else meanwhile.
        () => field.current !== null && onWriting(NEW),
        (cause: unknown) => {
          const error = toChatError(cause);
          setSaving(false);
          setProblem({ what: 'composer.notSaved', code: error.code });
          onError?.(error);
        },
      );
      return;
    }
    const replyTo = writing.kind === 'reply' ? { replyTo: writing.message.id } : {};
    // A final refusal stays in the list as a failed message; here it is only reported. What the client itself refuses is
    // in no list: it stays in the field.
    const attachments = files.length === 0 ? [] : tray!.attachments;
    const { outbox } = client.state;
    const sent = client.send(roomKey, text.trim(), { attachments, ...replyTo });
    const refused = client.state.outbox === outbox;
    sent.catch((cause: unknown) => {
      const error = toChatError(cause);
      if (refused) setProblem({ what: 'state.failed', code: error.code });
      onError?.(error);
    });
    setProblem(null);
    if (refused) return;
    setText('');
    textsOf(client).delete(roomKey);
    setFiles(NO_FILES);
    setTooMany(false);
    if (writing.kind === 'reply') onWriting(NEW);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape' && writing.kind !== 'new') cancel();
    else if (event.key === 'ArrowUp' && text === '' && editing === null) onLastOwn();
    else if (event.key === 'Enter' && !event.shiftKey) send();
    else return;
    event.preventDefault();
  };
  const onPaste = (event: ClipboardEvent): void => {
    const pasted = event.clipboardData.files;
    if (pasted.length === 0 || !mayAttach) return;
    event.preventDefault();
    addFiles(pasted);
  };

  return (
    <form
      className="chat-composer"
      data-files={mayAttach}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {writing.kind !== 'new' && <WritingBanner writing={writing} onCancel={cancel} />}
      {files.length > 0 && (
        <DraftTray
          client={client} roomKey={roomKey} upload={upload === false ? undefined : upload} files={files} onState={setTray}
          onRemove={(id) => {
            setTooMany(false);
            setFiles(files.filter((one) => one.id !== id));
          }}
        />
      )}
      {mayAttach && (
        <>
          <input
            ref={picker} type="file" multiple hidden tabIndex={-1} aria-hidden="true"
            onChange={(event) => {
              addFiles(event.target.files ?? []);
              event.target.value = '';
            }}
          />
          <button
            type="button" className="chat-tool chat-attach" aria-label={t('composer.attach')} title={t('composer.attach')}
            onClick={() => picker.current?.click()}
          >
            <ClipIcon />
          </button>
        </>
      )}
      <textarea
        ref={field}
        className="chat-input"
        dir="auto"
        rows={1}
        value={text}
        aria-label={editing === null ? t('composer.label') : t('composer.editing')}
        aria-describedby={hintId}
        aria-invalid={left < 0}
        placeholder={t('composer.placeholder')}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        onBlur={() => client.setTyping(roomKey, false)}
      />
      <button
        type="submit" className="chat-send" aria-disabled={!sendable}
        aria-label={t(editing === null ? 'composer.send' : 'composer.save')}
        title={t(uploading ? 'composer.uploading' : editing === null ? 'composer.send' : 'composer.save')}
      >
        {editing === null ? <SendIcon /> : <CheckIcon />}
      </button>
      {problem !== null && <span className="chat-counter" data-over="true" role="alert"><Problem {...problem} /></span>}
      <Hint id={hintId} client={client} left={left} maxLength={maxLength}>
        {tooMany ? t('file.tooMany', { count: ATTACHMENTS_MAX }) : null}
      </Hint>
    </form>
  );
}

/** Under the field: too fast, too many, too long; else, for a screen reader, which keys there are. */
function Hint(props: { id: string; client: ChatClient; left: number; maxLength: number; children: ReactNode }): ReactElement {
  const { id, client, left, maxLength, children } = props;
  const { t } = useTranslator();
  const pausedUntil = useChatState(client, selectPause);
  const now = useSeconds(pausedUntil !== 0);
  const seconds = Math.max(1, Math.ceil((pausedUntil - now) / 1000));
  const counted = maxLength - left >= maxLength * COUNT_FROM;
  const count = left < 0 ? t('composer.over', { count: -left }) : t('composer.left', { count: left });
  const paused = pausedUntil !== 0;
  return (
    <span id={id} className={paused || counted || children !== null ? 'chat-counter' : 'chat-hidden'} data-over={left < 0} data-paused={paused}>
      {paused ? <span role="status">{t('composer.slow', { count: seconds })}</span> : (children ?? (counted ? count : t('composer.keys')))}
    </span>
  );
}
