/** What an application with both chats imports. */
export { ChatClient, ChatProvider, DisputeChat, OrderChat, configureChat, useWebSocket } from '@rozmova/react';
