/** Files on their way up, with progress; fetch() cannot tell of it, so this is XMLHttpRequest. Loaded when first used. */
import { ChatError, parseError } from '../protocol/errors';
import { isObject, parseAttachment } from '../protocol/guards';
import type { Attachment, RoomKey } from '../protocol/types';
import { roomRef } from '../protocol/events';
import { codeOfStatus } from '../transport/rest';

export interface UploadOptions {
  /** From 0 to 1. */
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}

/** `POST /v1/uploads`: the file is the body, its name and chat stand in the address. */
export function upload(
  base: string, token: string, room: RoomKey, file: File, { onProgress, signal }: UploadOptions,
): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const query = new URLSearchParams({ ...roomRef(room), fileName: file.name });
    request.open('POST', `${base}/uploads?${query}`);
    if (token !== '') request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.setRequestHeader('Content-Type', file.type === '' ? 'application/octet-stream' : file.type);
    request.responseType = 'json';
    request.upload.addEventListener('progress', ({ loaded, total }) => onProgress?.(total === 0 ? 0 : loaded / total));
    request.addEventListener('load', () => {
      const answer: unknown = request.response;
      const attachment = isObject(answer) ? parseAttachment(answer['attachment'] ?? answer['upload'] ?? answer) : null;
      if (request.status < 300 && attachment !== null) resolve(attachment);
      else reject(parseError(isObject(answer) ? answer['error'] : null, codeOfStatus(request.status)));
    });
    request.addEventListener('error', () => reject(new ChatError('DISCONNECTED')));
    request.addEventListener('abort', () => reject(new ChatError('DISCARDED')));
    signal?.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}
