import { useId, useLayoutEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { toChatError } from '../../protocol/errors';
import type { ChatError } from '../../protocol/errors';
import { useTranslator } from '../context';
import { Problem } from './Problem';

/** Asks once more: what is deleted does not come back. Stays open, with the reason, when it failed. */
export function DeleteDialog(props: {
  onConfirm(): Promise<void>; onClose(): void; onError?: ((error: ChatError) => void) | undefined;
}): ReactElement {
  const { onConfirm, onClose, onError } = props;
  const { t } = useTranslator();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ChatError | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the element goes: only an open dialog that is closed gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element?.open === false) element.showModal();
    return () => element?.close();
  }, []);
  const confirm = (): void => {
    setBusy(true);
    setProblem(null);
    onConfirm().then(() => dialog.current !== null && onClose(), (cause: unknown) => {
      const error = toChatError(cause);
      setBusy(false);
      setProblem(error);
      onError?.(error);
    });
  };
  return (
    <dialog ref={dialog} className="chat-dialog" aria-labelledby={`${id}t`} aria-describedby={`${id}d`} onCancel={onClose}>
      <h2 id={`${id}t`}>{t('menu.deleteTitle')}</h2>
      <p id={`${id}d`}>{t('menu.deleteHint')}</p>
      {problem !== null && <p className="chat-problem" role="alert"><Problem what="menu.notDeleted" code={problem.code} /></p>}
      <div className="chat-dialog-actions">
        <button type="button" className="chat-button" data-quiet="true" onClick={onClose}>{t('composer.cancel')}</button>
        <button type="button" className="chat-button" data-danger="true" aria-disabled={busy} onClick={() => busy || confirm()}>{t('menu.delete')}</button>
      </div>
    </dialog>
  );
}
