// The outside world as one object, so that whoever needs it can be given another.

import type { Dialer } from '../connection/channel.ts';
import type { Address } from '../docker/address.ts';
import { dialerFor } from './dial.ts';
import { processEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';
import { files } from './files.ts';
import type { ArchiveFiles } from './files.ts';

/** What longshore touches of the world. */
export interface Outside {
  dialerFor(address: Address): Dialer;
  readonly files: ArchiveFiles;
  environment(): Environment;
}

/** This machine. */
export const outside: Outside = { dialerFor, files, environment: processEnvironment };
