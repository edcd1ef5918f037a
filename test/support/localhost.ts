// Whether `localhost` has an address. A minimal system has no /etc/hosts that gives it one.

import { lookup } from 'node:dns/promises';

/** Why tests that need it are skipped; `undefined` if it has one. */
export const noLocalhost: string | undefined = await lookup('localhost').then(() => undefined, () => 'localhost has no address');
