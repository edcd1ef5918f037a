// Decides which engine is used, by the docker command's rules in order, and reports why. Does no I/O:
//
//   1. `selectEngine` finds the first rule that names a host or a context.
//   2. system/find-engine.ts reads that context, and checks which sockets and TLS files exist.
//   3. `chooseEngine` parses the address. If no rule named an engine and the default socket does not exist, it chooses the
//      socket of another engine.

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
import type { EngineTls, TlsFacts } from './tls-settings.ts';

/** The rules that choose the engine, the strongest first. */
export type EngineRule = 'host' | 'context' | 'DOCKER_HOST' | 'DOCKER_CONTEXT' | 'currentContext' | 'default' | 'alternative';

/** What one rule names, and whether it was chosen. */
export interface CandidateReport {
  readonly rule: EngineRule;
  /** A host, or the name of a context; undefined if the rule has no value. */
  readonly what: string | undefined;
  /**
   * `"chosen"`; `"overruled"` by a stronger rule; `"there"`: a socket that exists and is not used; `"absent"`: nothing is
   * set, or no such socket exists.
   */
  readonly state: 'chosen' | 'overruled' | 'there' | 'absent';
  /** The engine that a socket belongs to, the problem with the host, or the file that names the context. */
  readonly detail: string | undefined;
}

/** A context in the docker command's store. `host` contains no secret; undefined: the default socket, or an invalid host. */
export interface KnownContext {
  readonly name: string;
  readonly host: string | undefined;
  readonly description: string | undefined;
  /** Why the context cannot be used. */
  readonly problem: string | undefined;
}

/** Which engine is used, and why. Contains no secret: all of it may be printed. */
export interface EngineExplanation {
  /** `"unix:///var/run/docker.sock"` */
  readonly host: string;
  readonly rule: EngineRule;
  /** The variable, option or setting that named the engine, `"currentContext in /home/me/.docker/config.json"`. */
  readonly source: string;
  /** The name of the context in use; `"default"` if it is not in the store. */
  readonly context: string;
  /** Undefined: the connection does not use TLS. */
  readonly tls: EngineTls | undefined;
  /** The API version that is used without asking the engine: DOCKER_API_VERSION. */
  readonly version: string | undefined;
  /** The default platform of pulls and imports: DOCKER_DEFAULT_PLATFORM. */
  readonly platform: string | undefined;
  /** The names of the headers that are added to every request. */
  readonly headers: readonly string[];
  /** All rules in order, including overruled ones, and the sockets of other engines. */
  readonly considered: readonly CandidateReport[];
  /** Problems that do not prevent a connection. */
  readonly warnings: readonly string[];
}

/** The engine that the caller selects; this takes precedence over the environment. */
export interface EngineSelector {
  readonly host?: string | undefined;
  readonly context?: string | undefined;
  /** Whether the caller has its own TLS settings; those of the environment are then ignored. */
  readonly ownTls?: boolean;
}

/** The input of the rules. */
export interface EngineQuestion extends EngineSelector {
  readonly environment: Environment;
  readonly configFile: string | undefined;
  /** The setting in config.json, or the error that reading it caused. The error is thrown only if no stronger rule applies. */
  readonly currentContext: string | ConfigError | undefined;
}

/** The rule that decides, and the host or stored context that it names; without both, the default is used. */
export interface Selection {
  readonly rule: EngineRule;
  readonly source: string;
  readonly host?: string;
  readonly context?: string;
}

/** The files and sockets that were looked up for a selection. */
export interface EngineFindings extends Pick<TlsFacts, 'existing' | 'tlsFolder'> {
  /** The selected context, under the name that selected it. */
  readonly stored: StoredContext | undefined;
  readonly headers: RequestFields;
}

/** The engine to connect to. */
export interface EngineChoice {
  readonly address: Address;
  readonly headers: RequestFields;
  readonly hint: string;
  readonly explanation: EngineExplanation;
}

/** The docker command's rules in order, each with its value in the user's configuration. */
function candidates({ host, context, environment, configFile, currentContext }: EngineQuestion) {
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
export function selectEngine(question: EngineQuestion): Selection {
  const first = candidates(question).find(({ value }) => value !== undefined);
  if (first?.value === undefined) return { rule: 'default', source: 'the default' };
  const { rule, names, value, source } = first;
  if (value instanceof ConfigError) throw value;
  if (names === 'host') return { rule, source, host: value };
  checkContextName(value, source);
  if (value !== DEFAULT_CONTEXT) return { rule, source, context: value };
  // The context "default" means DOCKER_HOST, or the default socket.
  const { DOCKER_HOST } = question.environment.variables;
  return DOCKER_HOST === undefined ? { rule, source } : { rule, source: 'DOCKER_HOST', host: DOCKER_HOST };
}

/** Returns the paths of sockets; the caller of `chooseEngine` must check which of them exist. */
export function socketsToLookAt(environment: Environment): string[] {
  const hosts = [defaultHost(environment.platform, false), ...alternatives(environment).map(({ host }) => host)];
  return hosts.flatMap((host) => socketPath(host) ?? []);
}

/** Chooses the engine, and explains the choice. Throws a `ConfigError` for an invalid host or variable. */
export function chooseEngine(question: EngineQuestion, selection: Selection, findings: EngineFindings): EngineChoice {
  const { variables } = question.environment;
  const { stored, headers } = findings;
  const target = targetOf(question, selection, findings);
  const { rule, host, usual, isMissing } = target;
  const context = selection.context === undefined ? undefined : `context "${selection.context}"`;
  const address = parseAddress(host, context === undefined ? target.source : `the host of ${context}`);
  const noTls = { tls: undefined, warnings: [] };
  const { tls, warnings } = question.ownTls === true ? noTls : tlsSettings({ ...findings, address, variables, context: stored });
  const sockets = reportSockets(question.environment, target, findings);
  const place = context === undefined ? target.source : `${context}, ${target.source}`;
  return {
    address,
    headers,
    hint: rule === 'default' && isMissing ? missingHint(sockets) : `Is the engine running, and is this its address (${place})?`,
    explanation: {
      host: address.text,
      rule,
      source: rule === 'alternative' ? `${target.source}, as ${usual} does not exist` : target.source,
      context: selection.context ?? DEFAULT_CONTEXT,
      tls,
      version: variables.DOCKER_API_VERSION && parsePinnedVersion(variables.DOCKER_API_VERSION, 'DOCKER_API_VERSION'),
      platform: checkedPlatform(variables.DOCKER_DEFAULT_PLATFORM),
      headers: headers.map(([name]) => name),
      considered: [...reportCandidates(question, selection), ...sockets],
      warnings,
    },
  };
}

interface Target {
  readonly rule: EngineRule;
  readonly source: string;
  readonly host: string;
  /** The docker command's default host. */
  readonly usual: string;
  /** The default socket was selected, and does not exist. */
  readonly isMissing: boolean;
}

/** Returns the selected host. The socket of another engine replaces the default only if no rule named an engine. */
function targetOf({ environment }: EngineQuestion, { rule, source, host, context }: Selection, findings: EngineFindings): Target {
  const isUnnamed = host === undefined && context === undefined;
  const usual = defaultHost(environment.platform, isUnnamed && asksForTls(environment.variables));
  const isMissing = rule === 'default' && socketPath(usual) !== undefined && !exists(usual, findings);
  const other = isMissing ? alternatives(environment).find((each) => exists(each.host, findings)) : undefined;
  if (other !== undefined) return { rule: 'alternative', source: other.engine, host: other.host, usual, isMissing };
  return { rule, source, host: host ?? findings.stored?.host ?? usual, usual, isMissing };
}

function exists(host: string, { existing }: EngineFindings): boolean {
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

function reportCandidates(question: EngineQuestion, selection: Selection): CandidateReport[] {
  return candidates(question).map(({ rule, names, value, source }) => {
    const detail = rule === 'currentContext' && value !== undefined ? question.configFile : undefined;
    if (value === undefined) return { rule, what: undefined, state: 'absent', detail };
    // The context "default" means DOCKER_HOST, so both rules are reported as chosen.
    const state = rule === selection.rule || source === selection.source ? 'chosen' : 'overruled';
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

function reportSockets(environment: Environment, { rule, host, usual, isMissing }: Target, findings: EngineFindings): CandidateReport[] {
  const stateOf = (socketRule: EngineRule, socket: string): CandidateReport['state'] => {
    if (socketRule === rule && socket === host) return 'chosen';
    return exists(socket, findings) ? 'there' : 'absent';
  };
  const others = alternatives(environment).map(({ engine, host: socket }) => {
    return { rule: 'alternative' as const, what: socket, state: stateOf('alternative', socket), detail: engine };
  });
  const state = stateOf('default', usual);
  const detail = state === 'chosen' && isMissing ? 'does not exist' : undefined;
  return [{ rule: 'default', what: usual, state, detail }, ...others];
}

function missingHint(sockets: readonly CandidateReport[]): string {
  const others = sockets.flatMap(({ rule, what }) => (rule === 'alternative' && what !== undefined ? [what] : []));
  const looked = others.length > 0 ? ` No socket exists at ${others.join(', ')} either.` : '';
  return `Is the engine running?${looked} DOCKER_HOST or a context can name another engine`;
}
