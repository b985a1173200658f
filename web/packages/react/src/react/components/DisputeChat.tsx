import type { ReactElement } from 'react';
import { useTranslator } from '../context';
import { roomKey } from '../../protocol/events';
import type { Participant } from '../../protocol/types';
import { ChatPane } from './ChatPane';
import type { ChatOptions } from './ChatPane';
import { ScalesIcon } from './icons';

export interface DisputeChatProps extends ChatOptions {
  disputeId: string;
  orderId: string;
  participants: { client: Participant; performer: Participant; moderator?: Participant };
}

/** The chat of a dispute: both parties and, once assigned, a moderator. It closes with the dispute. */
export default function DisputeChat(props: DisputeChatProps): ReactElement {
  const { disputeId, orderId: _order, participants, slots, ...options } = props;
  const { client, performer, moderator } = participants;
  return (
    <ChatPane
      {...options}
      roomKey={roomKey('dispute', disputeId)}
      people={[
        { role: 'client', person: client },
        { role: 'performer', person: performer },
        ...(moderator === undefined ? [] : [{ role: 'moderator' as const, person: moderator }]),
      ]}
      slots={{ BelowHeader: <DisputeStrip />, ...slots }}
    />
  );
}

/** Says at a glance that this is no ordinary chat. */
function DisputeStrip(): ReactElement {
  const { t } = useTranslator();
  return <p className="chat-strip"><ScalesIcon /><span>{t('dispute.strip')}</span></p>;
}
