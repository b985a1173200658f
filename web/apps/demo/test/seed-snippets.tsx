/**
 * The React snippets of the product's original description, word for word between the marks. They must compile and
 * run as they stand; the free names of the snippets are given here.
 */
// oxlint-disable react/exhaustive-deps, no-console
import { useEffect } from 'react';

let orderId = '';
export function setOrderId(id: string): void {
  orderId = id;
}
const disputeId = 'uuid';

// --- from here -------------------------------------------------------------------------------------------------
import { useWebSocket } from '@/hooks/useWebSocket';

function MyComponent() {
  const webSocket = useWebSocket();

  useEffect(() => {
    if (webSocket.isConnected) {
      webSocket.joinOrderChat(orderId);
      
      webSocket.onOrderMessage((message) => {
        console.log('New message:', message);
      });

      return () => {
        webSocket.leaveOrderChat(orderId);
      };
    }
  }, [webSocket.isConnected, orderId]);

  return (
    <div>
      {webSocket.isConnected ? 'Connected' : 'Disconnected'}
    </div>
  );
}
// --- and from here ---------------------------------------------------------------------------------------------
import OrderChat from '@/components/OrderChat';
import DisputeChat from '@/components/DisputeChat';

export const components = (
  <>
{/* Order Chat */}
<OrderChat 
  orderId={orderId}
  participants={{
    client: { id: '...', name: '...', avatar: '...' },
    performer: { id: '...', name: '...', avatar: '...' }
  }}
/>

{/* Dispute Chat */}
<DisputeChat
  disputeId={disputeId}
  orderId={orderId}
  participants={{
    client: { id: '...', name: '...' },
    performer: { id: '...', name: '...' },
    moderator: { id: '...', name: 'Модератор' }
  }}
/>
  </>
);
// --- to here ---------------------------------------------------------------------------------------------------

function Debugging() {
  const webSocket = useWebSocket({ debug: true });
  return <i>{webSocket.status.kind}</i>;
}

export { Debugging, MyComponent };
