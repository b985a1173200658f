import { useCallback, useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import { UPLOAD_BYTES_MAX } from '../../client/limits';
import { ChatError, toChatError } from '../../protocol/errors';
import type { AttachmentInput, ChatErrorCode, RoomKey } from '../../protocol/types';
import type { PickedFile, TrayState, Uploader } from '../components/Composer';
import { AlertIcon, CloseIcon, FileIcon } from '../components/icons';
import { useTranslator } from '../context';
import { RetryIcon } from './icons';

export interface DraftTrayProps {
  client: ChatClient;
  roomKey: RoomKey;
  upload: Uploader | undefined;
  files: readonly PickedFile[];
  onRemove(id: string): void;
  onState(state: TrayState): void;
}
interface Progress {
  readonly state: 'uploading' | 'done' | 'failed';
  readonly share: number;
  readonly error: ChatErrorCode | null;
  readonly attachment: AttachmentInput | null;
}
const STARTED: Progress = { state: 'uploading', share: 0, error: null, attachment: null };
const FINAL: ReadonlySet<string> = new Set<ChatErrorCode>(['PAYLOAD_TOO_LARGE', 'INVALID_PAYLOAD', 'FORBIDDEN', 'CHAT_CLOSED']);

/** Files chosen for the next message: they go up at once; a file that is taken back is no longer sent. */
export function DraftTray(props: DraftTrayProps): ReactElement {
  const { files, onRemove, onState } = props;
  const { t } = useTranslator();
  const { progress, retry } = useUploads(props);
  useEffect(() => {
    const all = files.map(({ id }) => progress.get(id) ?? STARTED);
    onState({
      of: files,
      ready: all.every(({ state }) => state === 'done'),
      attachments: all.map(({ attachment }) => attachment).filter((one) => one !== null),
    });
  }, [files, progress, onState]);
  return (
    <ul className="chat-tray" aria-label={t('composer.attach')}>
      {files.map((one) => (
        <Draft key={one.id} picked={one} progress={progress.get(one.id) ?? STARTED} onRemove={onRemove} onRetry={retry} />
      ))}
    </ul>
  );
}

function useUploads({ client, roomKey, upload, files }: DraftTrayProps): {
  progress: ReadonlyMap<string, Progress>; retry(picked: PickedFile): void;
} {
  const [progress, setProgress] = useState<ReadonlyMap<string, Progress>>(new Map());
  const running = useRef<Map<string, AbortController>>(new Map());
  const start = useCallback(({ id, file }: PickedFile): void => {
    const abort = new AbortController();
    running.current.set(id, abort);
    const change = (next: Partial<Progress>): void => {
      // Aborted: taken back, or started anew.
      if (running.current.get(id) === abort) setProgress((all) => new Map(all).set(id, { ...(all.get(id) ?? STARTED), ...next }));
    };
    change(STARTED);
    const options = { signal: abort.signal, onProgress: (share: number) => change({ share }) };
    const sent = file.size > UPLOAD_BYTES_MAX ? Promise.reject(new ChatError('PAYLOAD_TOO_LARGE'))
      : upload === undefined ? client.upload(roomKey, file, options) : upload(file, options);
    sent.then(
      ({ fileUrl, fileName }) => change({ state: 'done', share: 1, attachment: { fileUrl, fileName } }),
      (cause: unknown) => change({ state: 'failed', error: toChatError(cause).code }),
    );
  }, [client, roomKey, upload]);
  const cancelAll = useCallback((but: ReadonlySet<string>): void => {
    for (const [id, abort] of running.current) {
      if (but.has(id)) continue;
      running.current.delete(id);
      abort.abort();
    }
  }, []);
  useEffect(() => {
    cancelAll(new Set(files.map(({ id }) => id)));
    for (const one of files) if (!running.current.has(one.id)) start(one);
  }, [files, start, cancelAll]);
  useEffect(() => () => cancelAll(new Set()), [cancelAll]);
  return { progress, retry: start };
}

function Draft(props: {
  picked: PickedFile; progress: Progress; onRemove(id: string): void; onRetry(picked: PickedFile): void;
}): ReactElement {
  const { picked, progress: { state, share, error }, onRemove, onRetry } = props;
  const { id, file } = picked;
  const { t, bytes } = useTranslator();
  const preview = usePreview(file);
  const { name } = file;
  const reason = error === 'PAYLOAD_TOO_LARGE' ? t('file.tooLarge', { size: bytes(UPLOAD_BYTES_MAX) })
    : error === 'INVALID_PAYLOAD' ? t('file.refused')
      : t('file.failed');
  return (
    <li className="chat-draft" data-state={state}>
      <span className="chat-draft-picture">
        {preview !== null ? <img src={preview} alt="" /> : state === 'failed' ? <AlertIcon /> : <FileIcon />}
      </span>
      <span className="chat-draft-text">
        <bdi>{name}</bdi>
        {state === 'failed' ? <small role="alert">{reason}</small> : <small>{bytes(file.size)}</small>}
        {state === 'uploading' && (
          <span
            className="chat-progress" role="progressbar" aria-label={t('file.progress', { name })}
            aria-valuenow={Math.round(share * 100)} aria-valuemin={0} aria-valuemax={100}
          >
            <i style={{ inlineSize: `${Math.round(share * 100)}%` }} />
          </span>
        )}
      </span>
      {state === 'failed' && !FINAL.has(error ?? '') && (
        <button
          type="button" className="chat-tool" aria-label={t('file.retry', { name })} title={t('action.retry')}
          onClick={() => onRetry(picked)}
        >
          <RetryIcon />
        </button>
      )}
      <button
        type="button" className="chat-tool" aria-label={t('file.remove', { name })} title={t('file.remove', { name })}
        onClick={() => onRemove(id)}
      >
        <CloseIcon />
      </button>
    </li>
  );
}

/** Object URL of a picture, for as long as it is shown. */
function usePreview(file: File): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (!/^image\/(?:png|jpeg|gif|webp|avif)$/.test(file.type)) return;
    const made = URL.createObjectURL(file);
    const shown = setTimeout(() => setUrl(made));
    return () => {
      clearTimeout(shown);
      URL.revokeObjectURL(made);
    };
  }, [file]);
  return url;
}
