import { chat } from './suites/chat.mjs';
import { presence } from './suites/presence.mjs';

chat('chat');
presence('typing and presence');
