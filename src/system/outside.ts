// The outside world as one object, so that whoever needs it can be given another.

import type { Dialer } from '../connection/channel.ts';
import type { ArchiveFiles } from '../connection/files.ts';
import type { Observe } from '../connection/observer.ts';
import type { Address } from '../docker/address.ts';
import type { Warn } from '../warnings.ts';
import { observe } from './debug.ts';
import { dialerFor } from './dial.ts';
import { environmentHost } from './environment.ts';
import type { EnvironmentHost } from './environment.ts';
import { files } from './files.ts';

/** What longshore touches of the world. */
export interface Outside {
  /** `warn` is for what is found when a connection is made: a key that others may read. */
  dialerFor(address: Address, warn: Warn): Dialer;
  /** Debug lines and diagnostics channels. */
  readonly observe: Observe;
  readonly files: ArchiveFiles;
  /** Where the environment of this process says that the engine is. */
  environmentHost(): EnvironmentHost;
}

/** This machine. */
export const outside: Outside = { dialerFor, observe, files, environmentHost };
