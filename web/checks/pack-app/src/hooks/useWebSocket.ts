export { useWebSocket, useWebSocket as default } from '@rozmova/react';
export type { UseWebSocketOptions, WebSocketApi } from '@rozmova/react';
