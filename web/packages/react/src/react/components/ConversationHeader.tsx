import type { ReactElement, ReactNode } from 'react';
import type { ChatClient } from '../../client/client';
import type { Participant, Role } from '../../protocol/types';
import { useTranslator } from '../context';
import { useUser } from '../use-room';
import { Avatar, PresenceDot, PresenceText } from './Avatar';
import { StatusChip } from './SystemRow';

/** Who is there: one person with all one knows of him, or several, shorter. */
export function ConversationHeader(props: {
  client: ChatClient;
  others: readonly { role: Role; person: Participant }[];
  status: string | null;
  /** Ids of those who write now. */
  typing: readonly string[];
  start?: ReactNode;
  end?: ReactNode;
}): ReactElement {
  const { client, others, status, typing, start, end } = props;
  return (
    <header className="chat-header">
      {start}
      <div className="chat-people" data-many={others.length > 1}>
        {others.map(({ role, person }) => (
          <HeaderPerson key={role} client={client} role={role} person={person} typing={typing.includes(person.id)} />
        ))}
      </div>
      {status !== null && status !== '' && <StatusChip status={status} />}
      {end}
    </header>
  );
}

function HeaderPerson(props: { client: ChatClient; role: Role; person: Participant; typing: boolean }): ReactElement {
  const { client, role, person, typing } = props;
  const { t } = useTranslator();
  const user = useUser(client, person.id);
  return (
    <div className="chat-person" data-role={role}>
      <span className="chat-avatar-box">
        <Avatar id={person.id} name={person.name} src={person.avatar} />
        <PresenceDot user={user} />
      </span>
      <div className="chat-person-text">
        <div className="chat-person-name"><bdi>{person.name}</bdi></div>
        <div className="chat-person-state">
          <span>{t(`role.${role}`)}</span>
          {' · '}
          <span className="chat-presence" data-typing={typing}>{typing ? t('typing.short') : <PresenceText user={user} />}</span>
        </div>
      </div>
    </div>
  );
}
