import { EvidencePanel, StatusChip, roomKey, useChatClient } from '@rozmova/react';
import { useCallback, useEffect, useState } from 'react';
import type { FormEvent, ReactElement } from 'react';
import { addNote, assignDispute, fetchNotes } from '../api';
import type { Note, Person } from '../api';
import { ActionDialog } from '../components/ActionDialog';
import { Details, DetailsPerson, SecondWindow } from '../components/Details';
import { Link } from '../components/Link';
import { disputePath, orderPath } from '../router';
import { useSettings } from '../settings';
import type { ListedDispute } from '../use-orders';
import { useProblem } from '../use-problem';
import { Timeline } from './OrderDetails';

const OUTCOMES = ['completed', 'cancelled', 'in_progress'] as const;

export default function DisputeDetails(props: {
  dispute: ListedDispute; user: Person; open: boolean; onClose(): void; onChanged(): void;
}): ReactElement {
  const { dispute, user, open, onClose, onChanged } = props;
  const { translator } = useSettings();
  const { t } = translator;
  const { order, client, performer, moderator } = dispute;
  const official = (user.role === 'moderator' || user.role === 'admin') && ![client.id, performer.id].includes(user.id);
  const opener = dispute.openedBy === client.id ? client : dispute.openedBy === performer.id ? performer : null;
  const other = user.id === client.id ? performer : client;
  return (
    <Details label={t('disputes.details')} caption={t('disputes.of', { number: String(order.number) })} open={open} onClose={onClose}>
      <p className="details-title"><bdi>{order.title}</bdi></p>
      <div className="chips"><StatusChip status={dispute.status} />{dispute.outcome !== null && <StatusChip status={dispute.outcome} />}</div>
      <blockquote className="claim">
        <p dir="auto">{dispute.reason}</p>
        <footer>
          {opener !== null && <><bdi>{opener.name}</bdi> · </>}
          <time dateTime={dispute.createdAt} title={translator.full(dispute.createdAt)}>{translator.day(dispute.createdAt)}, {translator.time(dispute.createdAt)}</time>
        </footer>
      </blockquote>
      {official && <Decision dispute={dispute} user={user} onChanged={onChanged} />}
      <Link to={orderPath(order.id)} className="dispute-link" ><span>{t('disputes.toOrder')}</span><StatusChip status={order.status} /></Link>
      <h3>{t('details.people')}</h3>
      <ul className="details-people">
        <DetailsPerson id={client.id} name={client.name} role="client" me={user.id} />
        <DetailsPerson id={performer.id} name={performer.name} role="performer" me={user.id} />
        {moderator === null
          ? <li className="hint">{t('dispute.noModerator')}</li>
          : <DetailsPerson id={moderator.id} name={moderator.name} role="moderator" me={user.id} />}
      </ul>
      <h3>{t('disputes.evidence')}</h3>
      <EvidencePanel roomKey={roomKey('dispute', dispute.id)} />
      {official && <Notes key={dispute.id} id={dispute.id} />}
      <Timeline room={roomKey('dispute', dispute.id)} />
      {!official && <SecondWindow person={other} path={disputePath(dispute.id)} />}
    </Details>
  );
}

/** For moderators: take it, look into it, decide, close. */
function Decision({ dispute, user, onChanged }: { dispute: ListedDispute; user: Person; onChanged(): void }): ReactElement {
  const client = useChatClient();
  const { translator: { t, has } } = useSettings();
  const [asking, setAsking] = useState<string | null>(null);
  const { problem, attempt } = useProblem();
  const { id, moderator, transitions } = dispute;
  const act = (work: Promise<unknown>): void => void attempt(work.then(onChanged));
  const go = (status: string, note = '', extra: object = {}): Promise<unknown> =>
    client.setStatus(roomKey('dispute', id), status, note, extra).then(onChanged);
  const label = (status: string): string => {
    const key = `decide.${status}`;
    return has(key) ? t(key) : status;
  };
  const undecided = dispute.status === 'open' || dispute.status === 'under_review';
  return (
    <div className="actions decision">
      {undecided && moderator === null && (
        <button type="button" className="button" onClick={() => act(assignDispute(client, id))}>{t('decide.claim')}</button>
      )}
      {transitions.map((status) => (
        <button
          // One deed is the next one: to take it, and then to look into it and decide.
          key={status} type="button" className={status === 'rejected' || (undecided && moderator === null) ? 'button quiet' : 'button'}
          onClick={() => (status === 'under_review' || status === 'closed' ? act(go(status)) : setAsking(status))}
        >
          {label(status)}
        </button>
      ))}
      {undecided && moderator?.id === user.id && (
        <button type="button" className="button quiet" onClick={() => act(assignDispute(client, id, null))}>{t('decide.release')}</button>
      )}
      {problem !== null && <p className="problem" role="alert">{problem}</p>}
      {asking !== null && (
        <ActionDialog
          title={label(asking)} hint={t('decide.hint')} note={t('decide.why')} required confirm={label(asking)}
          onClose={() => setAsking(null)}
          onConfirm={(note, form) => {
            const outcome = String(form.get('outcome') ?? '');
            return go(asking, note, outcome === '' ? {} : { orderStatus: outcome });
          }}
        >
          <fieldset className="options">
            <legend>{t('decide.outcome')}</legend>
            <label><input type="radio" name="outcome" value="" defaultChecked /> {t('outcome.before')}</label>
            {asking === 'resolved' && OUTCOMES.map((one) => (
              <label key={one}><input type="radio" name="outcome" value={one} /> {t(`outcome.${one}`)}</label>
            ))}
          </fieldset>
        </ActionDialog>
      )}
    </div>
  );
}

/** What moderators say among themselves; the parties never see it. */
function Notes({ id }: { id: string }): ReactElement {
  const client = useChatClient();
  const { translator } = useSettings();
  const { t } = translator;
  const [notes, setNotes] = useState<readonly Note[]>([]);
  const { problem, attempt } = useProblem();
  const load = useCallback(() => fetchNotes(client, id).then(setNotes, () => {}), [client, id]);
  useEffect(() => void load(), [load]);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const content = String(new FormData(form).get('note') ?? '').trim();
    if (content === '') return;
    void attempt(addNote(client, id, content).then(() => form.reset()).then(load));
  };
  return (
    <div className="notes">
      <h3>{t('notes.title')}</h3>
      <ul>
        {notes.map((note) => (
          <li key={note.id}>
            <span dir="auto">{note.content}</span>
            <small><bdi>{note.authorName}</bdi> · {translator.day(note.createdAt)}, {translator.time(note.createdAt)}</small>
          </li>
        ))}
      </ul>
      <form onSubmit={submit}>
        <input name="note" aria-label={t('notes.add')} placeholder={t('notes.add')} maxLength={2000} />
        <button type="submit" className="button quiet">{t('notes.save')}</button>
      </form>
      {problem !== null && <p className="problem" role="alert">{problem}</p>}
    </div>
  );
}
