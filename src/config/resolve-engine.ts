// Decides which engine is used, by the docker command's rules in order, and reports why. Does no I/O. system/find-engine.ts calls
// the two steps:
//
//   1. `selectRule` takes the configuration and returns the first rule that names a host or a context.
//      Then find-engine.ts reads that context, and checks which sockets and TLS files exist.
//   2. `resolveEngine` takes all of this and returns the engine to connect to, with the report. If no rule named an engine and the
//      default socket does not exist, this is the socket of another engine.

import { escapeText } from '../bytes.ts';
import { ConfigError } from '../errors.ts';
import { parsePinnedVersion } from '../api/api-version.ts';
import { platformText } from '../api/platform.ts';
import type { RequestFields } from '../connection/engine-request.ts';
import { DEFAULT_CONTEXT, checkContextName } from './docker-context.ts';
import type { StoredContext } from './docker-context.ts';
import { parseAddress } from './engine-address.ts';
import type { Address } from './engine-address.ts';
import type { Environment } from './environment-variables.ts';
import { alternatives, defaultHost, socketPath } from './known-sockets.ts';
import { asksForTls, tlsSettings } from './tls-settings.ts';
import type { CandidateReport, EngineExplanation, EngineRule, KnownContext } from './engine-explanation.ts';
import type { TlsFacts } from './tls-settings.ts';

/** The engine that the caller selects; this takes precedence over the environment. */
export interface EngineSelector {
  readonly host?: string | undefined;
  readonly context?: string | undefined;
  /** Whether the caller has its own TLS settings; those of the environment are then ignored. */
  readonly ownTls?: boolean;
}

/** The configuration that the rules decide on: the caller's and that of the environment. */
export interface EngineConfiguration extends EngineSelector {
  readonly environment: Environment;
  readonly configFile: string | undefined;
  /** The setting in config.json, or the error that reading it caused. The error is thrown only if no stronger rule applies. */
  readonly currentContext: string | ConfigError | undefined;
}

/** The rule that decides, and the host or stored context that it names. If it names neither, the default host is used. */
export interface SelectedRule {
  readonly rule: EngineRule;
  readonly source: string;
  readonly host?: string;
  readonly context?: string;
}

/** What find-engine.ts has read and looked up after `selectRule`. */
export interface FoundFiles extends Pick<TlsFacts, 'existing' | 'tlsFolder'> {
  /** The selected context, with the name that the user wrote. */
  readonly stored: StoredContext | undefined;
  readonly headers: RequestFields;
}

/** The engine to connect to. */
export interface ResolvedEngine {
  readonly address: Address;
  readonly headers: RequestFields;
  readonly hint: string;
  readonly explanation: EngineExplanation;
}

/** The docker command's rules in order, each with its value in the user's configuration. */
function candidates({ host, context, environment, configFile, currentContext }: EngineConfiguration) {
  const { DOCKER_HOST, DOCKER_CONTEXT } = environment.variables;
  return [
    { rule: 'host', names: 'host', value: host, source: 'host' },
    { rule: 'context', names: 'context', value: context, source: 'context' },
    { rule: 'DOCKER_HOST', names: 'host', value: DOCKER_HOST, source: 'DOCKER_HOST' },
    { rule: 'DOCKER_CONTEXT', names: 'context', value: DOCKER_CONTEXT, source: 'DOCKER_CONTEXT' },
    { rule: 'currentContext', names: 'context', value: currentContext, source: `currentContext in ${configFile}` },
  ] as const;
}

/** Selects the first rule with a value. Throws a `ConfigError` if the value could not be read or is an invalid context name. */
export function selectRule(configuration: EngineConfiguration): SelectedRule {
  const first = candidates(configuration).find(({ value }) => value !== undefined);
  if (first?.value === undefined) return { rule: 'default', source: 'the default' };
  const { rule, names, value, source } = first;
  if (value instanceof ConfigError) throw value;
  if (names === 'host') return { rule, source, host: value };
  checkContextName(value, source);
  if (value !== DEFAULT_CONTEXT) return { rule, source, context: value };
  // The context "default" means DOCKER_HOST, or the default socket.
  const { DOCKER_HOST } = configuration.environment.variables;
  return DOCKER_HOST === undefined ? { rule, source } : { rule, source: 'DOCKER_HOST', host: DOCKER_HOST };
}

/** Returns the paths of the sockets whose existence `resolveEngine` needs to know. */
export function socketsToCheck(environment: Environment): string[] {
  const hosts = [defaultHost(environment.platform, false), ...alternatives(environment).map(({ host }) => host)];
  return hosts.flatMap((host) => socketPath(host) ?? []);
}

/** Chooses the engine, and explains the choice. Throws a `ConfigError` for an invalid host or variable. */
export function resolveEngine(configuration: EngineConfiguration, selected: SelectedRule, files: FoundFiles): ResolvedEngine {
  const { variables } = configuration.environment;
  const { stored, headers } = files;
  const chosen = chooseHost(configuration, selected, files);
  const { rule, source, host, standard, isMissing } = chosen;
  const context = selected.context === undefined ? undefined : `context "${selected.context}"`;
  const address = parseAddress(host, context === undefined ? source : `the host of ${context}`);
  const noTls = { tls: undefined, warnings: [] };
  const { tls, warnings } = configuration.ownTls === true ? noTls : tlsSettings({ ...files, address, variables, context: stored });
  const sockets = reportSockets(configuration.environment, chosen, files);
  const origin = context === undefined ? source : `${context}, ${source}`;
  return {
    address,
    headers,
    hint: rule === 'default' && isMissing ? missingHint(sockets) : `Is the engine running, and is this its address (${origin})?`,
    explanation: {
      host: address.text,
      rule,
      source: rule === 'alternative' ? `${source}, as ${standard} does not exist` : source,
      context: selected.context ?? DEFAULT_CONTEXT,
      tls,
      version: variables.DOCKER_API_VERSION && parsePinnedVersion(variables.DOCKER_API_VERSION, 'DOCKER_API_VERSION'),
      platform: checkedPlatform(variables.DOCKER_DEFAULT_PLATFORM),
      headers: headers.map(([name]) => name),
      considered: [...reportCandidates(configuration, selected), ...sockets],
      warnings,
    },
  };
}

/**
 * Returns the host to connect to, and how it was found. `standard` is the docker command's default host. `isMissing` means that no
 * rule named an engine, and the default socket does not exist; the socket of another engine then replaces it, if there is one.
 */
function chooseHost({ environment }: EngineConfiguration, { rule, source, host, context }: SelectedRule, files: FoundFiles) {
  const isStandard = host === undefined && context === undefined; // also for the context "default", which a rule may name
  const standard = defaultHost(environment.platform, isStandard && asksForTls(environment.variables));
  const isMissing = rule === 'default' && socketPath(standard) !== undefined && !exists(standard, files);
  const other = isMissing ? alternatives(environment).find((each) => exists(each.host, files)) : undefined;
  if (other !== undefined) return { rule: 'alternative', source: other.engine, host: other.host, standard, isMissing } as const;
  return { rule, source, host: host ?? files.stored?.host ?? standard, standard, isMissing };
}

function exists(host: string, { existing }: FoundFiles): boolean {
  return existing.has(socketPath(host) ?? '');
}

function checkedPlatform(platform: string | undefined): string | undefined {
  if (platform === undefined) return undefined;
  try {
    return platformText(platform);
  } catch (cause) {
    throw new ConfigError(`DOCKER_DEFAULT_PLATFORM: ${(cause as Error).message}`, { cause });
  }
}

function reportCandidates(configuration: EngineConfiguration, selected: SelectedRule): CandidateReport[] {
  return candidates(configuration).map(({ rule, names, value, source }) => {
    const detail = rule === 'currentContext' && value !== undefined ? configuration.configFile : undefined;
    if (value === undefined) return { rule, what: undefined, state: 'absent', detail };
    // If the context is "default" and DOCKER_HOST is set, the selected rule is that of the context and its source is DOCKER_HOST.
    // Both rules are reported as chosen.
    const state = rule === selected.rule || source === selected.source ? 'chosen' : 'overruled';
    if (value instanceof ConfigError) return { rule, what: undefined, state, detail: value.message };
    return { rule, state, detail, ...(names === 'host' ? printableHost(value, source) : { what: escapeText(value) }) };
  });
}

/** Makes a host safe for a report. A host that is not in use may be invalid, and may contain a password. */
function printableHost(host: string, source: string): { what: string | undefined; detail?: string } {
  try {
    return { what: parseAddress(host, source).text };
  } catch (error) {
    return { what: undefined, detail: (error as Error).message };
  }
}

/** Describes a context for a list. */
export function knownContext({ name, host, description }: StoredContext): KnownContext {
  const { what, detail } = host === undefined ? { what: undefined } : printableHost(host, 'its host');
  return { name, host: what, description, problem: detail };
}

/** Reports the default socket, and those of other engines. */
function reportSockets(
  environment: Environment,
  { rule, host, standard, isMissing }: ReturnType<typeof chooseHost>,
  files: FoundFiles,
): CandidateReport[] {
  const stateOf = (socketRule: EngineRule, socket: string): CandidateReport['state'] => {
    if (socketRule === rule && socket === host) return 'chosen';
    return exists(socket, files) ? 'exists' : 'absent';
  };
  const others = alternatives(environment).map(({ engine, host: socket }) => {
    return { rule: 'alternative' as const, what: socket, state: stateOf('alternative', socket), detail: engine };
  });
  const state = stateOf('default', standard);
  const detail = state === 'chosen' && isMissing ? 'does not exist' : undefined;
  return [{ rule: 'default', what: standard, state, detail }, ...others];
}

/** Returns the hint for an error if neither the default socket nor that of another engine exists. */
function missingHint(sockets: readonly CandidateReport[]): string {
  const others = sockets.flatMap(({ rule, what }) => (rule === 'alternative' && what !== undefined ? [what] : []));
  const looked = others.length > 0 ? ` No socket exists at ${others.join(', ')} either.` : '';
  return `Is the engine running?${looked} DOCKER_HOST or a context can name another engine`;
}
