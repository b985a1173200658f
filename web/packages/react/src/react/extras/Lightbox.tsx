import { useLayoutEffect, useRef, useState } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import type { Attachment } from '../../protocol/types';
import { save, useFile } from '../components/Attachments';
import { CloseIcon, DownloadIcon } from '../components/icons';
import { useTranslator } from '../context';
import { ArrowLeftIcon } from './icons';

/** Pictures of one message, large; a modal dialog with arrows, Escape and download. */
export function Lightbox(props: {
  client: ChatClient; images: readonly Attachment[]; startAt: number; onClose(): void;
}): ReactElement {
  const { client, images, startAt, onClose } = props;
  const { t } = useTranslator();
  const dialog = useRef<HTMLDialogElement>(null);
  const [at, setAt] = useState(startAt);
  const image = images[at]!;
  const { url } = useFile(client, image.fileUrl);
  // Before the element goes: only an open dialog that is closed gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element?.open === false) element.showModal();
    return () => element?.close();
  }, []);
  const go = (step: number): void => setAt((before) => (before + step + images.length) % images.length);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowRight') go(1);
    else if (event.key === 'ArrowLeft') go(-1);
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={dialog} className="chat-lightbox" aria-label={t('lightbox.label')} onKeyDown={onKeyDown}
      onCancel={onClose} onClose={onClose}
    >
      <header>
        <span className="chat-lightbox-name"><bdi>{image.fileName}</bdi></span>
        {images.length > 1 && <span role="status">{t('lightbox.place', { at: at + 1, count: images.length })}</span>}
        <button
          type="button" className="chat-tool" aria-label={t('lightbox.download')} title={t('lightbox.download')}
          onClick={() => url !== null && save(url, image.fileName)}
        >
          <DownloadIcon />
        </button>
        <button type="button" className="chat-tool" aria-label={t('lightbox.close')} title={t('lightbox.close')} onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      <div className="chat-lightbox-stage">
        {images.length > 1 && (
          <button type="button" className="chat-tool" aria-label={t('lightbox.previous')} onClick={() => go(-1)}><ArrowLeftIcon /></button>
        )}
        {url !== null && <img src={url} alt={t('message.image', { name: image.fileName })} width={image.width!} height={image.height!} />}
        {images.length > 1 && (
          <button type="button" className="chat-tool chat-turned" aria-label={t('lightbox.next')} onClick={() => go(1)}><ArrowLeftIcon /></button>
        )}
      </div>
    </dialog>
  );
}
