import { useId, useLayoutEffect, useRef, useState } from 'react';
import type { FormEvent, ReactElement, ReactNode } from 'react';
import { useSettings } from '../settings';
import { useProblem } from '../use-problem';

const NOTE_CHARS_MAX = 2000;

/** Asks before something that cannot be taken back, or that wants words. Stays open, with the reason, when it failed. */
export function ActionDialog(props: {
  title: string; hint?: string; note: string; required?: boolean; confirm: string; danger?: boolean;
  children?: ReactNode; onConfirm(note: string, form: FormData): Promise<unknown>; onClose(): void;
}): ReactElement {
  const { title, hint, note, required = false, confirm, danger = false, children, onConfirm, onClose } = props;
  const { translator: { t } } = useSettings();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [busy, setBusy] = useState(false);
  const { problem, attempt } = useProblem();
  // Before the element goes: only an open dialog that is closed gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element?.open === false) element.showModal();
    return () => element?.close();
  }, []);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    attempt(onConfirm(String(form.get('note') ?? '').trim(), form)).then((done) => (done ? onClose() : setBusy(false)));
  };
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={id} onCancel={onClose}>
      <form className="form" onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        {hint !== undefined && <p className="hint">{hint}</p>}
        {children}
        <label>
          {note}
          <textarea name="note" rows={3} maxLength={NOTE_CHARS_MAX} required={required} />
        </label>
        {problem !== null && <p className="problem" role="alert">{problem}</p>}
        <div className="form-actions">
          <button type="button" className="button quiet" onClick={onClose}>{t('new.cancel')}</button>
          <button type="submit" className="button" data-danger={danger} disabled={busy}>{confirm}</button>
        </div>
      </form>
    </dialog>
  );
}
