// From what the environment says to what a client is made with.

import { take } from './arguments.ts';
import { dockerConfig } from './docker-credentials.ts';
import type { TlsOptions } from '../config/engine-address.ts';
import type { EngineChoice, EngineExplanation, EngineRequest, KnownContext } from '../config/resolve-engine.ts';
import { ArgumentError } from '../errors.ts';
import type { EnvironmentOptions, FromEnvironmentOptions, ImageClientOptions } from './options.ts';

/** Who looks things up. */
export interface EngineSearch {
  findEngine(request: EngineRequest, environment?: EnvironmentOptions['environment']): Promise<EngineChoice>;
  listContexts(environment?: EnvironmentOptions['environment']): Promise<KnownContext[]>;
  /** The same options with absolute paths, as they are now. */
  checkTls(options: TlsOptions): TlsOptions;
}

/** What a client of the engine that is meant is made with; what the caller says itself goes before. */
export async function environmentOptions(
  given: FromEnvironmentOptions | undefined,
  search: EngineSearch,
): Promise<ImageClientOptions> {
  const options = take('fromEnvironment', given);
  const { context: _, environment, tls, ...own } = options;
  const ownTls = tls && search.checkTls(tls);
  const { address, headers, hint, explanation } = await find(options, search);
  for (const message of explanation.warnings) {
    options.onWarning?.({ kind: 'configuration', subject: explanation.host, message });
  }
  const said = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return {
    tls: explanation.tls,
    version: explanation.version,
    defaultPlatform: explanation.platform,
    headers: Object.fromEntries(headers),
    connectHint: hint,
    credentials: dockerConfig({ environment, onWarning: options.onWarning }),
    ...said,
    ...(ownTls && { tls: ownTls }),
    host: address.text,
  };
}

/** Which engine that would be, and why, and what else there is; nothing is connected to. */
export async function explainEngine(given: EnvironmentOptions | undefined, search: EngineSearch): Promise<EngineReport> {
  const options = take('explain', given);
  const [{ explanation }, contexts] = await Promise.all([find(options, search), search.listContexts(options.environment)]);
  return { ...explanation, contexts };
}

/** Which engine is meant, why, and what else there is. Holds no secret: all of it may be printed. */
export interface EngineReport extends EngineExplanation {
  /** Those of the store, by their names. */
  readonly contexts: readonly KnownContext[];
}

function find({ host, context, environment, tls }: FromEnvironmentOptions, search: EngineSearch): Promise<EngineChoice> {
  if (host !== undefined && context !== undefined) throw new ArgumentError('give a host or a context, not both');
  return search.findEngine({ host, context, ownTls: tls !== undefined }, environment);
}
