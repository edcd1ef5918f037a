// Turns the environment into the options of a client. Checks the caller's options and reads the variables when it is called;
// then the search for the engine (system/find-engine.ts) is loaded.

import { take } from './arguments.ts';
import { dockerConfig } from './docker-credentials.ts';
import type { EngineExplanation, KnownContext } from '../config/engine-explanation.ts';
import type { ResolvedEngine } from '../config/resolve-engine.ts';
import type { Environment } from '../config/environment-variables.ts';
import { ArgumentError } from '../errors.ts';
import type { EnvironmentOptions, FromEnvironmentOptions, ImageClientOptions } from './options.ts';
import { readEnvironment } from '../system/environment.ts';
import { checkTlsOptions } from '../system/tls/tls-options.ts';

/** Returns the options for a client of the engine that the environment names. The caller's own options take precedence. */
export async function environmentOptions(given: FromEnvironmentOptions | undefined): Promise<ImageClientOptions> {
  const options = assertOneEngine(take('fromEnvironment', given));
  const { context: _, environment, tls, ...own } = options;
  const ownTls = tls && checkTlsOptions(tls);
  const { address, headers, hint, explanation } = await find(options, readEnvironment(environment));
  for (const message of explanation.warnings) {
    options.onWarning?.({ kind: 'configuration', subject: explanation.host, message });
  }
  return {
    tls: explanation.tls,
    version: explanation.version,
    defaultPlatform: explanation.platform,
    headers: Object.fromEntries(headers),
    connectHint: hint,
    credentials: dockerConfig({ environment, onWarning: options.onWarning }),
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    ...(ownTls && { tls: ownTls }),
    host: address.text,
  };
}

/** Reports which engine `environmentOptions` would choose, why, and which contexts exist. Does not connect to an engine. */
export async function explainEngine(given: EnvironmentOptions | undefined): Promise<EngineReport> {
  const options = assertOneEngine(take('explain', given));
  const environment = readEnvironment(options.environment);
  const { listContexts } = await import('../system/find-engine.ts');
  const [{ explanation }, contexts] = await Promise.all([find(options, environment), listContexts(environment)]);
  return { ...explanation, contexts };
}

/** Which engine is used, why, and which contexts exist. Contains no secret: all of it may be printed. */
export interface EngineReport extends EngineExplanation {
  /** The contexts of the docker command's store, sorted by name. */
  readonly contexts: readonly KnownContext[];
}

function assertOneEngine<Options extends EnvironmentOptions>(options: Options): Options {
  if (options.host === undefined || options.context === undefined) return options;
  throw new ArgumentError('give a host or a context, not both');
}

async function find({ host, context, tls }: FromEnvironmentOptions, environment: Environment): Promise<ResolvedEngine> {
  const { findEngine } = await import('../system/find-engine.ts');
  return findEngine({ host, context, ownTls: tls !== undefined }, environment);
}
