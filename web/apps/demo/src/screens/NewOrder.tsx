import type { ChatClient } from '@rozmova/react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { FormEvent, ReactElement } from 'react';
import { createOrder, fetchPeople } from '../api';
import type { Person } from '../api';
import { useSettings } from '../settings';

const TITLE_CHARS_MAX = 120;

/** A client orders something from a performer. */
export default function NewOrder(props: {
  client: ChatClient; user: Person; onClose(): void; onCreated(id: string): void;
}): ReactElement {
  const { client, user, onClose, onCreated } = props;
  const { translator: { t } } = useSettings();
  const dialog = useRef<HTMLDialogElement>(null);
  const [performers, setPerformers] = useState<readonly Person[]>([]);
  const [failed, setFailed] = useState(false);
  const [busy, setBusy] = useState(false);

  // Before the element goes: only an open dialog that is closed gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element?.open === false) element.showModal();
    return () => element?.close();
  }, []);
  useEffect(() => {
    fetchPeople().then(
      (people) => setPerformers(people.filter(({ id, role }) => role === 'performer' && id !== user.id)),
      () => setFailed(true),
    );
  }, [user.id]);

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const amount = Number(form.get('amount'));
    setBusy(true);
    createOrder(client, {
      title: String(form.get('title')).trim(), clientId: user.id, performerId: String(form.get('performer')),
      ...(amount > 0 ? { amount, currency: 'UAH' } : {}),
    }).then(
      onCreated,
      () => {
        setFailed(true);
        setBusy(false);
      },
    );
  };

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="new-order" onCancel={onClose}>
      <form className="form" onSubmit={submit}>
        <h2 id="new-order">{t('new.title')}</h2>
        <label>
          {t('new.name')}
          <input name="title" required maxLength={TITLE_CHARS_MAX} placeholder={t('new.namePlaceholder')} />
        </label>
        <label>
          {t('new.performer')}
          <select name="performer" required>
            {performers.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
          </select>
        </label>
        <label>
          {t('new.amount')}
          <input name="amount" type="number" min="0" step="50" inputMode="numeric" />
        </label>
        {failed && <p className="problem" role="alert">{t('new.failed')}</p>}
        <div className="form-actions">
          <button type="button" className="button quiet" onClick={onClose}>{t('new.cancel')}</button>
          <button type="submit" className="button" disabled={busy || performers.length === 0}>{t('new.create')}</button>
        </div>
      </form>
    </dialog>
  );
}
