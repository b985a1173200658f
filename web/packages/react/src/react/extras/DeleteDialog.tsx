import { useId, useLayoutEffect, useRef } from 'react';
import type { ReactElement } from 'react';
import { useTranslator } from '../context';

/** Asks once more: what is deleted does not come back. */
export function DeleteDialog({ onConfirm, onClose }: { onConfirm(): void; onClose(): void }): ReactElement {
  const { t } = useTranslator();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the element goes: only an open dialog that is closed gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element?.open === false) element.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} className="chat-dialog" aria-labelledby={`${id}t`} aria-describedby={`${id}d`} onCancel={onClose}>
      <h2 id={`${id}t`}>{t('menu.deleteTitle')}</h2>
      <p id={`${id}d`}>{t('menu.deleteHint')}</p>
      <div className="chat-dialog-actions">
        <button type="button" className="chat-button" data-quiet="true" onClick={onClose}>{t('composer.cancel')}</button>
        <button type="button" className="chat-button" data-danger="true" onClick={onConfirm}>{t('menu.delete')}</button>
      </div>
    </dialog>
  );
}
