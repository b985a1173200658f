import { kills } from '../suites/kills.mjs';

kills('killed under load', 50);
