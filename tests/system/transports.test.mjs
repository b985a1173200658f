import { transports } from './suites/transports.mjs';

transports('transports');
