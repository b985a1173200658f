import type { ReactElement } from 'react';
import { roomKey } from '../../protocol/events';
import type { Participant } from '../../protocol/types';
import { ChatPane } from './ChatPane';
import type { ChatOptions } from './ChatPane';

export interface OrderChatProps extends ChatOptions {
  orderId: string;
  participants: { client: Participant; performer: Participant };
}

/** The chat of an order, between client and performer. */
export default function OrderChat({ orderId, participants, ...options }: OrderChatProps): ReactElement {
  return (
    <ChatPane
      {...options}
      roomKey={roomKey('order', orderId)}
      people={[
        { role: 'client', person: participants.client },
        { role: 'performer', person: participants.performer },
      ]}
    />
  );
}
