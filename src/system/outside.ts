// The outside world as one object, so that whoever needs it can be given another.

import type { Dialer } from '../connection/channel.ts';
import type { ArchiveFiles } from '../connection/files.ts';
import type { Observe } from '../connection/diagnostics.ts';
import type { Address } from '../config/engine-address.ts';
import { askHelper } from './programs/credential-helper.ts';
import { observe } from './diagnostics.ts';
import { dialerFor } from './net/dialer.ts';
import type { DialerOptions } from './net/dialer.ts';
import { readAuthFile, readDockerConfig } from './files/read-docker-config.ts';
import { findEngine, listContexts } from './find-engine.ts';
import { dockerEnvironment } from './environment.ts';
import { files } from './files/archive-files.ts';
import { walkFolder } from './files/walk-directory.ts';
import { checkTlsOptions } from './tls/tls-material.ts';

/** What longshore touches of the world. */
export interface Outside {
  dialerFor(address: Address, options?: DialerOptions): Dialer;
  /** Debug lines and diagnostics channels. */
  readonly observe: Observe;
  readonly files: ArchiveFiles;
  /** Where the environment says that the engine is. */
  readonly findEngine: typeof findEngine;
  /** The contexts of the docker command. */
  readonly listContexts: typeof listContexts;
  readonly checkTls: typeof checkTlsOptions;
  readonly dockerEnvironment: typeof dockerEnvironment;
  readonly readDockerConfig: typeof readDockerConfig;
  readonly readAuthFile: typeof readAuthFile;
  readonly askHelper: typeof askHelper;
  readonly walkFolder: typeof walkFolder;
}

/** This machine. */
export const outside: Outside = {
  dialerFor, observe, files, findEngine, listContexts, checkTls: checkTlsOptions, dockerEnvironment, readDockerConfig, readAuthFile,
  askHelper, walkFolder,
};
