import { useEffect, useState } from 'react';
import type { MouseEvent, ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import type { Attachment } from '../../protocol/types';
import { useTranslator } from '../context';
import { AlertIcon, DownloadIcon, FileIcon } from './icons';
import { safeFileUrl } from './MessageText';

/** Pictures larger than this are shown smaller, in pixels; the place is kept before they are loaded. */
const IMAGE_WIDTH_PX = 320;
const IMAGE_HEIGHT_PX = 280;

export interface AttachmentsProps {
  client: ChatClient;
  attachments: readonly Attachment[];
  /** A picture was chosen: its place among the pictures. */
  onOpen(image: number): void;
}

/** Files of a message: pictures in a row, the rest as cards that download. */
export function Attachments({ client, attachments, onOpen }: AttachmentsProps): ReactElement {
  const images = attachments.filter(isImage);
  const files = attachments.filter((one) => !isImage(one));
  return (
    <div className="chat-attachments">
      {images.length > 0 && (
        <ul className="chat-images" data-many={images.length > 1}>
          {images.map((one, at) => (
            <li key={one.id ?? one.fileUrl}><ImageThumb client={client} attachment={one} onOpen={() => onOpen(at)} /></li>
          ))}
        </ul>
      )}
      {files.length > 0 && (
        <ul className="chat-files">
          {files.map((one) => <li key={one.id ?? one.fileUrl}><FileCard client={client} attachment={one} /></li>)}
        </ul>
      )}
    </div>
  );
}

/** Only what says its size is shown as a picture: nothing may change height after it was drawn. */
export function isImage({ mimeType, width, height, fileUrl }: Attachment): boolean {
  return /^image\/(?:png|jpeg|gif|webp|avif)$/.test(mimeType ?? '') && width != null && height != null && width > 0
    && height > 0 && safeFileUrl(fileUrl) !== null;
}

function ImageThumb(props: { client: ChatClient; attachment: Attachment; onOpen(): void }): ReactElement {
  const { client, attachment: { fileName, fileUrl, width, height }, onOpen } = props;
  const { t } = useTranslator();
  const { url, failed } = useFile(client, fileUrl);
  const scale = Math.min(1, IMAGE_WIDTH_PX / width!, IMAGE_HEIGHT_PX / height!);
  const size = { width: Math.round(width! * scale), height: Math.round(height! * scale) };
  return (
    <button type="button" className="chat-image" onClick={onOpen} style={{ aspectRatio: `${size.width} / ${size.height}`, width: size.width }}>
      {failed ? <AlertIcon /> : url !== null && (
        <img src={url} alt={t('message.image', { name: fileName })} decoding="async" {...size} />
      )}
      {url === null && <span className="chat-hidden">{t('message.image', { name: fileName })}</span>}
    </button>
  );
}

function FileCard({ client, attachment }: { client: ChatClient; attachment: Attachment }): ReactElement {
  const { fileName, fileUrl, size } = attachment;
  const translator = useTranslator();
  const href = safeFileUrl(fileUrl);
  const [failed, setFailed] = useState(false);
  const text = (
    <>
      <FileIcon />
      <span className="chat-file-text">
        <bdi>{fileName}</bdi>
        {failed
          ? <small>{translator.t('file.unavailable')}</small>
          : size != null && <small>{translator.bytes(size)}</small>}
      </span>
    </>
  );
  if (href === null) return <span className="chat-file">{text}</span>;
  // A file of this API needs the token: it is fetched first, then handed to the browser.
  const download = (event: MouseEvent<HTMLAnchorElement>): void => {
    if (!client.isOwnFile(href)) return;
    event.preventDefault();
    client.openFile(href).then((url) => save(url, fileName), () => setFailed(true));
  };
  return (
    <a
      className="chat-file" href={href} target="_blank" rel="noopener noreferrer nofollow" download={fileName}
      onClick={download}
    >
      <span className="chat-hidden">{translator.t('file.download', { name: '' })}</span>
      {text}
      <DownloadIcon />
    </a>
  );
}

export function save(url: string, fileName: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
}

/** The address that an <img> can load; null until it is known. */
export function useFile(client: ChatClient, fileUrl: string): { url: string | null; failed: boolean } {
  const href = safeFileUrl(fileUrl);
  const own = href !== null && client.isOwnFile(href);
  const [opened, setOpened] = useState<{ of: string; url: string | null } | null>(null);
  useEffect(() => {
    if (!own) return;
    let current = true;
    client.openFile(href).then(
      (url) => current && setOpened({ of: href, url }),
      () => current && setOpened({ of: href, url: null }),
    );
    return () => {
      current = false;
    };
  }, [client, href, own]);
  if (!own) return { url: href, failed: href === null };
  const known = opened?.of === href ? opened : null;
  return { url: known?.url ?? null, failed: known !== null && known.url === null };
}
