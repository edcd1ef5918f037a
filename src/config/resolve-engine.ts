// Which engine is meant, by the docker command's rules in their order, and why; from facts that others have gathered.

import { escapeText } from '../bytes.ts';
import { ConfigError } from '../errors.ts';
import { parseAddress } from './engine-address.ts';
import type { Address } from './engine-address.ts';
import { DEFAULT_CONTEXT, checkContextName } from './docker-context.ts';
import type { StoredContext } from './docker-context.ts';
import type { Headers } from './custom-headers.ts';
import { contextTls, mistakenTls, variablesTls } from './tls-settings.ts';
import type { EngineTls } from './tls-settings.ts';
import { alternatives, defaultHost, socketPath } from './known-sockets.ts';
import { platformText } from '../api/platform.ts';
import type { Environment, Variables } from './environment-variables.ts';
import { parsePinnedVersion } from '../api/api-version.ts';

/** What can decide which engine is meant, the strongest first. */
export type EngineRule = 'host' | 'context' | 'DOCKER_HOST' | 'DOCKER_CONTEXT' | 'currentContext' | 'default' | 'alternative';

/** What one rule says. */
export interface CandidateReport {
  readonly rule: EngineRule;
  /** A host, or a context's name; undefined where the rule says nothing. */
  readonly what: string | undefined;
  /**
   * `"chosen"`; `"overruled"` by a stronger rule; `"there"`: a socket that exists, and is not asked; `"absent"`: nothing
   * was set, or no such socket exists.
   */
  readonly state: 'chosen' | 'overruled' | 'there' | 'absent';
  /** Whose socket it is, what is wrong with it, which file says so. */
  readonly detail: string | undefined;
}

/** A context that the store has. */
export interface KnownContext {
  readonly name: string;
  readonly host: string | undefined;
  readonly description: string | undefined;
  /** Why it cannot be used. */
  readonly problem: string | undefined;
}

/** Which engine is meant, and why. Holds no secret: all of it may be printed. */
export interface EngineExplanation {
  /** `"unix:///var/run/docker.sock"` */
  readonly host: string;
  readonly rule: EngineRule;
  /** Where the rule has it from, `"currentContext in /home/me/.docker/config.json"`. */
  readonly source: string;
  /** The context in use; `"default"` where it is none of the store. */
  readonly context: string;
  /** Undefined where the connection is not encrypted by TLS. */
  readonly tls: EngineTls | undefined;
  /** The API version that is spoken without asking: DOCKER_API_VERSION. */
  readonly version: string | undefined;
  /** What a pull or an import is for, where the call does not say: DOCKER_DEFAULT_PLATFORM. */
  readonly platform: string | undefined;
  /** The names of the headers that go along with every request. */
  readonly headers: readonly string[];
  /** What every rule says, in their order, also those that lost, and the sockets of other engines. */
  readonly considered: readonly CandidateReport[];
  /** What should be known, and is no error. */
  readonly warnings: readonly string[];
}

/** What the one who asks says. */
export interface EngineRequest {
  readonly host?: string | undefined;
  readonly context?: string | undefined;
  /** Whether TLS is settled already, so that nothing that asks for it counts. */
  readonly ownTls?: boolean;
}

/** All that must be known of the machine to say which rule wins. */
export interface EngineQuestion {
  readonly request: EngineRequest;
  readonly surroundings: Environment;
  readonly configFile: string | undefined;
  /** The error is thrown by the one who needs the value. */
  readonly currentContext: string | ConfigError | undefined;
}

/** What is to be looked up, now that the winning rule is known. */
export type Selection =
  | { readonly kind: 'host'; readonly rule: EngineRule; readonly source: string; readonly host: string }
  | { readonly kind: 'context'; readonly rule: EngineRule; readonly source: string; readonly name: string }
  | { readonly kind: 'default'; readonly rule: EngineRule; readonly source: string };

/** What was found there. */
export interface EngineFindings {
  /** Paths that exist, of those that were looked at. */
  readonly existing: ReadonlySet<string>;
  /** The context, where one is named. */
  readonly stored: StoredContext | undefined;
  /** Where its TLS files, or those of the variables, would be. */
  readonly tlsFolder: string | undefined;
  readonly headers: Headers;
}

/** The engine, ready to be dialled. */
export interface EngineChoice {
  readonly address: Address;
  readonly headers: Headers;
  /** What to do when nobody is there. */
  readonly hint: string;
  readonly explanation: EngineExplanation;
}

interface Candidate {
  readonly rule: EngineRule;
  readonly kind: 'host' | 'context';
  readonly value: string | ConfigError | undefined;
  readonly source: string;
}

/** The rules that name something, in the docker command's order. */
function claims({ request, surroundings, configFile, currentContext }: EngineQuestion): readonly Candidate[] {
  const { DOCKER_HOST, DOCKER_CONTEXT } = surroundings.variables;
  return [
    { rule: 'host', kind: 'host', value: request.host, source: 'host' },
    { rule: 'context', kind: 'context', value: request.context, source: 'context' },
    { rule: 'DOCKER_HOST', kind: 'host', value: DOCKER_HOST, source: 'DOCKER_HOST' },
    { rule: 'DOCKER_CONTEXT', kind: 'context', value: DOCKER_CONTEXT, source: 'DOCKER_CONTEXT' },
    { rule: 'currentContext', kind: 'context', value: currentContext, source: `currentContext in ${configFile}` },
  ];
}

/** What the strongest rule names that says anything. */
export function nameEngine(question: EngineQuestion): Selection {
  const winner = claims(question).find(({ value }) => value !== undefined);
  if (winner === undefined) return { kind: 'default', rule: 'default', source: 'the default' };
  const { rule, kind, value, source } = winner;
  if (value instanceof ConfigError) throw value;
  const name = value ?? '';
  if (kind === 'host') return { kind, rule, source, host: name };
  checkContextName(name, source);
  if (name !== DEFAULT_CONTEXT) return { kind, rule, source, name };
  // The context that is in no store is DOCKER_HOST, or the default socket, whoever names it.
  const { DOCKER_HOST } = question.surroundings.variables;
  if (DOCKER_HOST === undefined) return { kind: 'default', rule, source };
  return { kind: 'host', rule, source: 'DOCKER_HOST', host: DOCKER_HOST };
}

/** The sockets of which it must be known whether they exist. */
export function socketsToLookAt({ surroundings }: EngineQuestion): string[] {
  const hosts = [defaultHost(surroundings.platform, false), ...alternatives(surroundings).map(({ host }) => host)];
  return hosts.flatMap((host) => socketPath(host) ?? []);
}

/** The engine, and why it is that one. */
export function chooseEngine(question: EngineQuestion, named: Selection, facts: EngineFindings): EngineChoice {
  const { variables, platform } = question.surroundings;
  const exists = (host: string): boolean => facts.existing.has(socketPath(host) ?? '');
  const usual = defaultHost(platform, named.kind === 'default' && asksForTls(variables));
  // Only where nobody named anything: who says "default" means it.
  const mayFallBack = named.rule === 'default' && socketPath(usual) !== undefined && !exists(usual);
  const alternative = mayFallBack ? alternatives(question.surroundings).find(({ host }) => exists(host)) : undefined;
  const { rule, source } = alternative === undefined ? named : { rule: 'alternative' as const, source: alternative.engine };
  const host = alternative?.host ?? hostOf(named, facts) ?? usual;
  const address = parseAddress(host, named.kind === 'context' ? `the host of context "${named.name}"` : source);
  const warnings: string[] = [];
  const tls = question.request.ownTls === true ? undefined : tlsFor(address, named, facts, variables, warnings);
  const considered = [...considerClaims(question, named), ...considerSockets(question, rule, usual, host, exists)];
  const nobodyThere = rule === 'default' && mayFallBack;
  return {
    address,
    headers: facts.headers,
    hint: nobodyThere ? hintOf(considered) : `Is the engine running, and is this its address (${place(named, source)})?`,
    explanation: {
      host: address.text,
      rule,
      source: rule === 'alternative' ? `${source}, as ${usual} does not exist` : source,
      context: named.kind === 'context' ? named.name : DEFAULT_CONTEXT,
      tls,
      version: variables.DOCKER_API_VERSION && parsePinnedVersion(variables.DOCKER_API_VERSION, 'DOCKER_API_VERSION'),
      platform: checkedPlatform(variables.DOCKER_DEFAULT_PLATFORM),
      headers: facts.headers.map(([name]) => name),
      considered,
      warnings,
    },
  };
}

function hostOf(named: Selection, { stored }: EngineFindings): string | undefined {
  return named.kind === 'host' ? named.host : named.kind === 'context' ? stored?.host : undefined;
}

function place(named: Selection, source: string): string {
  return named.kind === 'context' ? `context "${named.name}", ${source}` : source;
}

/** The docker command asks only whether they are empty: "0" and "false" mean yes. */
function asksForTls({ DOCKER_TLS, DOCKER_TLS_VERIFY }: Variables): boolean {
  return (DOCKER_TLS ?? DOCKER_TLS_VERIFY) !== undefined;
}

/** TLS means something on a port alone: sockets and pipes are local, and ssh has encryption of its own. */
function tlsFor(
  address: Address,
  named: Selection,
  facts: EngineFindings,
  variables: Variables,
  warnings: string[],
): EngineTls | undefined {
  if (address.scheme !== 'tcp') return undefined;
  const tlsFacts = { ...facts, https: address.tls, variables };
  const tls = named.kind === 'context' ? contextTls({ ...tlsFacts, context: named.name }) : variablesTls(tlsFacts);
  if (named.kind !== 'context') warnings.push(...mistakenTls(variables));
  if (tls?.verify === false) {
    const who = named.kind === 'context' ? `SkipTLSVerify of context "${named.name}"` : 'DOCKER_TLS without DOCKER_TLS_VERIFY';
    warnings.push(`the connection to ${address.text} is encrypted, but nothing proves who is there, by ${who}`);
  }
  if (tls === undefined && variables.DOCKER_CERT_PATH !== undefined) {
    warnings.push(`nothing encrypts the connection to ${address.text}: DOCKER_CERT_PATH alone does not ask for TLS`);
  }
  return tls;
}

function checkedPlatform(platform: string | undefined): string | undefined {
  if (platform === undefined) return undefined;
  try {
    return platformText(platform);
  } catch (cause) {
    throw new ConfigError(`DOCKER_DEFAULT_PLATFORM: ${(cause as Error).message}`, { cause });
  }
}

function considerClaims(question: EngineQuestion, named: Selection): CandidateReport[] {
  return claims(question).map(({ rule, kind, value, source }) => {
    const detail = rule === 'currentContext' && value !== undefined ? question.configFile : undefined;
    if (value === undefined) return { rule, what: undefined, state: 'absent', detail };
    // The context "default" is DOCKER_HOST: then both are chosen.
    const state = rule === named.rule || source === named.source ? 'chosen' : 'overruled';
    if (value instanceof ConfigError) return { rule, what: undefined, state, detail: value.message };
    return { rule, state, detail, ...(kind === 'host' ? printableHost(value, source) : { what: escapeText(value) }) };
  });
}

/** A host that is not asked may be none at all, and may hold a password. */
function printableHost(host: string, source: string): { what: string | undefined; detail?: string } {
  try {
    return { what: parseAddress(host, source).text };
  } catch (error) {
    return { what: undefined, detail: (error as Error).message };
  }
}

/** A context as a list shows it. */
export function knownContext({ name, host, description }: StoredContext): KnownContext {
  const { what, detail } = host === undefined ? { what: undefined } : printableHost(host, 'its host');
  return { name, host: what, description, problem: detail };
}

function considerSockets(
  { surroundings }: EngineQuestion,
  chosen: EngineRule,
  usual: string,
  host: string,
  exists: (host: string) => boolean,
): CandidateReport[] {
  const stateOf = (rule: EngineRule, socket: string): CandidateReport['state'] => {
    if (rule === chosen && socket === host) return 'chosen';
    return exists(socket) ? 'there' : 'absent';
  };
  const others = alternatives(surroundings).map(({ engine, host: socket }) => {
    return { rule: 'alternative' as const, what: socket, state: stateOf('alternative', socket), detail: engine };
  });
  const state = stateOf('default', usual);
  const detail = state === 'chosen' && socketPath(usual) !== undefined && !exists(usual) ? 'does not exist' : undefined;
  return [{ rule: 'default', what: usual, state, detail }, ...others];
}

function hintOf(considered: readonly CandidateReport[]): string {
  const others = considered.flatMap(({ rule, what }) => (rule === 'alternative' && what !== undefined ? [what] : []));
  const looked = others.length > 0 ? ` No engine is at ${others.join(', ')} either.` : '';
  return `Is the engine running?${looked} DOCKER_HOST or a context can name another`;
}
