// The same promises with four event loops: sessions, rooms and broadcasts then cross threads.
import { chat } from './suites/chat.mjs';
import { presence } from './suites/presence.mjs';
import { transports } from './suites/transports.mjs';

const options = { env: { THREADS: '4' } };

transports('transports, four threads', options);
chat('chat, four threads', options);
presence('typing and presence, four threads', options);
