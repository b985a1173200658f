export { OrderChat as default } from '@rozmova/react';
export type { OrderChatProps } from '@rozmova/react';
