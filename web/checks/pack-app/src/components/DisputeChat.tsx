export { DisputeChat as default } from '@rozmova/react';
export type { DisputeChatProps } from '@rozmova/react';
