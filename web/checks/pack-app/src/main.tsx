import '@rozmova/react/styles.css';
import { configureChat } from '@rozmova/react';
import type { OrderChatMessage, WebSocketApi } from '@rozmova/react';
import { ChatClient } from '@rozmova/react/client';
import { en } from '@rozmova/react/locales/en';
import { uk } from '@rozmova/react/locales/uk';
import { ROOM_EVENTS } from '@rozmova/react/protocol';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { MyComponent, components, setOrderId } from './seed-snippets';

const query = new URLSearchParams(window.location.search);
configureChat({ token: query.get('token') ?? '' });
setOrderId(query.get('order') ?? '');

/** Types that an application writes down itself. */
export type Handler = Parameters<WebSocketApi['onOrderMessage']>[0];
export const log: Handler = (message: OrderChatMessage) => console.debug(message.orderId, message.content);
export const others: unknown[] = [ChatClient, en['composer.send'], uk['composer.send'], ROOM_EVENTS.order.join];

createRoot(document.getElementById('app')!).render(<StrictMode><MyComponent />{components}</StrictMode>);
