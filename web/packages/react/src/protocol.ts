/** `@rozmova/react/protocol`: event names, payload types and runtime guards, without any behaviour. */
export * from './protocol/types';
export * from './protocol/events';
export * from './protocol/errors';
export * from './protocol/guards';
