// Where an engine listens: the forms of DOCKER_HOST.

import { ELLIPSIS, REDACTED, escapeText, utf8 } from '../bytes.ts';
import { ConfigError } from '../errors.ts';

/** A Unix socket. */
export interface UnixAddress {
  readonly scheme: 'unix';
  /** Absolute, `"/var/run/docker.sock"`. */
  readonly path: string;
  /** The whole address, safe to print. */
  readonly text: string;
}

/** A TCP port. */
export interface TcpAddress {
  readonly scheme: 'tcp';
  /** A name or an IP address; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** What every request path begins with: empty, or `"/prefix"`. */
  readonly basePath: string;
  /** Whether the address itself asks for TLS (`https://`); options and the environment may ask, too. */
  readonly tls: boolean;
  /** The whole address, safe to print. */
  readonly text: string;
}

/** A named pipe of Windows. */
export interface PipeAddress {
  readonly scheme: 'npipe';
  /** `"//./pipe/docker_engine"`; Windows takes slashes for backslashes. */
  readonly path: string;
  /** The whole address, safe to print. */
  readonly text: string;
}

/** An engine behind ssh. */
export interface SshAddress {
  readonly scheme: 'ssh';
  readonly user: string | undefined;
  readonly host: string;
  /** Undefined: as the configuration of ssh has it. */
  readonly port: number | undefined;
  /** The path of the engine's socket over there; undefined: its default. */
  readonly path: string | undefined;
  /** The words of the command that leads to the engine over there; undefined: `docker system dial-stdio`. */
  readonly command: readonly string[] | undefined;
  /** The whole address, safe to print. */
  readonly text: string;
}

/** Where an engine listens. */
export type Address = UnixAddress | TcpAddress | PipeAddress | SshAddress;

/**
 * How an engine behind TLS is checked, and how this side proves itself. Each of `ca`, `cert` and `key` is PEM where it is
 * bytes or has "-----BEGIN" in it, and else the path of a file. What is missing is never passed over.
 */
export interface TlsOptions {
  /** The only CAs that are trusted, as with the docker command. Default: those that Node trusts. */
  readonly ca?: string | Uint8Array | undefined;
  /** The client's certificate, and behind it those that lead to its CA; needs `key`. */
  readonly cert?: string | Uint8Array | undefined;
  /** Its private key, not encrypted; needs `cert`. */
  readonly key?: string | Uint8Array | undefined;
  /** The name that the engine's certificate must be for. Default: the host of the address. */
  readonly serverName?: string | undefined;
  /** `false` encrypts, and checks nothing: whoever is in between can read and change all. Default true. */
  readonly verify?: boolean | undefined;
}

/** What is wrong with an address, for `parseAddress` to say of which. */
type Fault = (reason: string) => ConfigError;
/** Reads what follows `scheme://`. */
type Parse = (rest: string, fault: Fault) => Address;

/** The longest path of a socket on Linux, without its final NUL: unix(7), `sun_path`. */
const SOCKET_PATH_LIMIT = 107;
/** Ours, for all but the path of a socket: far above what a host name (253) needs. */
const ADDRESS_LIMIT = 4096;

/** The schemes; the docker command knows the first four, docker-py the last two as well. */
const schemes: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['unix', parseUnix],
  ['tcp', (rest, fault) => parseTcp(rest, 2375, false, fault)], // 2375 with TLS as well: the docker command's rule
  ['ssh', parseSsh],
  ['npipe', parsePipe],
  ['http', (rest, fault) => parseTcp(rest, 80, false, fault)],
  ['https', (rest, fault) => parseTcp(rest, 443, true, fault)],
]);
const SUPPORTED = `supported are ${[...schemes.keys()].map((scheme) => `${scheme}://`).join(', ')}`;

// authority = [ user "@" ] [ host ] [ ":" port ]; the user is cut off before, up to the last "@"
const authorityGrammar = /^(\[[^\]]*\]|[^:[\]]*)(?::([^:]*))?$/;
// host      = name / "[" IPv6address "]"
// name      = label *( "." label ) [ "." ]
// label     = 1*word *( 1*"-" 1*word ), and a word's characters are ALPHA / DIGIT / "_"
const nameGrammar = /^\w+(?:-+\w+)*(?:\.\w+(?:-+\w+)*)*\.?$/;
const ipv6Grammar = /^\[(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]+\]$/;
// No "-" at its beginning, which ssh would read as an option, and nothing that a shell reads.
const userGrammar = /^\w[\w.@-]*$/;
// A path over ssh passes a shell over there.
const sshPathGrammar = /^(?:\/[\w.@+=:,~-]+)+$/;
// ssh-query = "?command=" words, percent-encoded; a word has nothing that a shell reads, and the first is not an option.
const sshQueryGrammar = /^ssh:\/\/[^?#]*\?command=[^?#&]*$/;
const sshCommandGrammar = /^[\w./][\w.@+=:,/-]*(?: [\w.@+=:,/-]+)*$/;
// base-path = *( "/" segment ), and a segment of pchar but percent-encoding and "@" (RFC 3986 §3.3)
const basePathGrammar = /^(?:\/[\w.~!$&'()*+,;=:-]+)*$/;
// pipe      = "//" host "/pipe/" name
const pipeGrammar = /^\/\/(?:\.|[\w.-]+)\/pipe\/[\w.-]+(?:\/[\w.-]+)*$/;

/** The address that a text stands for; `source` is the variable or option to name in an error. */
export function parseAddress(text: string, source = 'host'): Address {
  const fault: Fault = (reason) => new ConfigError(`${source} ${redact(text)} ${reason}; ${SUPPORTED}`);
  if (typeof text !== 'string') throw new ConfigError(`${source} must be a string; ${SUPPORTED}`);
  const address = text.trim(); // as the docker command does
  if (address === '') throw fault('is empty');
  if (address.length > ADDRESS_LIMIT) throw fault(`has more than ${ADDRESS_LIMIT} characters`);
  if (escapeText(address) !== address) throw fault('has a character that cannot be printed');
  if (/[?#]/.test(address) && !sshQueryGrammar.test(address)) {
    throw fault('has a query or a fragment, which mean nothing here; only ssh:// takes one, ?command=');
  }
  for (const { pattern, reason } of mistakes) if (pattern.test(address)) throw fault(reason);
  const [scheme, rest] = splitScheme(address);
  const parse = schemes.get(scheme);
  if (parse === undefined) {
    const meant = scheme.toLowerCase();
    throw fault(`has an unknown scheme${schemes.has(meant) ? `: write ${meant}:// in small letters` : ''}`);
  }
  return parse(rest, fault);
}

/** What people write in place of an address. A port follows a host called "unix" or "tcp", and nothing else. */
const mistakes: ReadonlyArray<{ readonly pattern: RegExp; readonly reason: string }> = [
  { pattern: /^(?:[A-Za-z]:[\\/](?!\/)|\\)/, reason: 'is a path of Windows: the pipe of an engine is npipe:////./pipe/docker_engine' },
  { pattern: /^["'`]/, reason: 'is in quotes: write it without them' },
  { pattern: /^(?:unix:\/\/)?[$~%]/, reason: 'has a variable or a "~" in it, and nothing here replaces one: write the whole path, as in unix:///path' },
  { pattern: /^[./]|^[\w.-]+\/[^:@]*\.sock$/, reason: 'is a path: write unix:///path' },
  { pattern: /^http\+unix:/, reason: 'has an unknown scheme, which is docker-py\'s own: write unix:///path' },
  { pattern: /^unix:(?!\/\/|[0-9]+(?:\/|$))/, reason: 'lacks slashes behind its scheme: write unix:///path' },
  { pattern: /^npipe:(?!\/\/|[0-9]+(?:\/|$))/, reason: 'lacks slashes behind its scheme: write npipe:////./pipe/docker_engine' },
  { pattern: /^(?:tcp|ssh|https?):(?!\/\/|[0-9]+(?:\/|$))/, reason: 'lacks the two slashes behind its scheme, as in tcp://host:2375' },
];

/** Without a scheme it is tcp, as the docker command has it: `"localhost:2375"`. */
function splitScheme(text: string): [scheme: string, rest: string] {
  const end = text.indexOf('://');
  return end < 0 ? ['tcp', text] : [text.slice(0, end), text.slice(end + 3)];
}

/** A path is taken as it stands, spaces and percent signs too: sockets lie in people's home folders. */
function parseUnix(rest: string, fault: Fault): UnixAddress {
  const path = rest === '' ? '/var/run/docker.sock' : rest;
  // The docker command takes this as relative to the working directory, docker-py as absolute.
  if (!path.startsWith('/')) throw fault('has a path that is not absolute: write three slashes, unix:///path');
  const length = utf8(path).length;
  if (length > SOCKET_PATH_LIMIT) {
    throw fault(`has a path of ${length} bytes, and that of a Unix socket has at most ${SOCKET_PATH_LIMIT}`);
  }
  return { scheme: 'unix', path, text: `unix://${path}` };
}

function parsePipe(rest: string, fault: Fault): PipeAddress {
  const path = rest === '' ? '//./pipe/docker_engine' : rest.replaceAll('\\', '/');
  if (!pipeGrammar.test(path)) throw fault('is no pipe: write npipe:////./pipe/docker_engine');
  return { scheme: 'npipe', path, text: `npipe://${path}` };
}

function parseTcp(rest: string, defaultPort: number, tls: boolean, fault: Fault): TcpAddress {
  const { authority, path } = splitPath(rest);
  const { user, host = 'localhost', port = defaultPort } = parseAuthority(authority, fault);
  const basePath = path.replace(/\/$/, '');
  // With one slash too many, user and password stand in the path, which messages show.
  if (user !== undefined || basePath.includes('@')) throw fault('has user information, which no engine asks for');
  if (!basePathGrammar.test(basePath) || /\/\.\.?(?:\/|$)/.test(basePath)) throw fault('has a bad path');
  const text = `${tls ? 'https' : 'tcp'}://${bracket(host)}:${port}${basePath}`;
  return { scheme: 'tcp', host, port, basePath, tls, text };
}

function parseSsh(rest: string, fault: Fault): SshAddress {
  const [location = '', query] = rest.split('?');
  const { authority, path: given } = splitPath(location);
  const { user, host, port } = parseAuthority(authority, fault);
  if (host === undefined) throw fault('has no host');
  if (user?.includes(':')) throw fault('has a password: ssh asks for it, or use a key');
  if (user !== undefined && !userGrammar.test(user)) throw fault('has a bad user name');
  const path = given === '' || given === '/' ? undefined : given;
  if (path !== undefined && !sshPathGrammar.test(path)) throw fault('has a path that a shell may misread');
  const place = `${user === undefined ? '' : `${user}@`}${bracket(host)}${port === undefined ? '' : `:${port}`}`;
  const command = query === undefined ? undefined : parseSshCommand(query, fault);
  if (command !== undefined && path !== undefined) throw fault('has a path beside ?command=, which must itself lead to the engine');
  const shownCommand = command === undefined ? '' : `?command=${command.join('%20')}`;
  return { scheme: 'ssh', user, host, port, path, command, text: `ssh://${place}${path ?? ''}${shownCommand}` };
}

/** The words of `?command=`. They pass a shell over there: what it might read as more than words is refused. */
function parseSshCommand(query: string, fault: Fault): readonly string[] {
  const text = new URLSearchParams(query).get('command') ?? '';
  if (sshCommandGrammar.test(text)) return text.split(' ');
  throw fault('has a bad ?command=: words of letters, digits and ._@+=:,/- with one %20 between them, as podman%20system%20dial-stdio');
}

function splitPath(rest: string): { authority: string; path: string } {
  const slash = rest.indexOf('/');
  return slash < 0 ? { authority: rest, path: '' } : { authority: rest.slice(0, slash), path: rest.slice(slash) };
}

interface Authority {
  readonly user: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
}

function parseAuthority(authority: string, fault: Fault): Authority {
  const at = authority.lastIndexOf('@');
  const [matched, host, port] = authorityGrammar.exec(authority.slice(at + 1)) ?? [];
  if (matched === undefined) throw fault('has a bad host; an IPv6 address stands in brackets');
  const user = at < 0 ? undefined : authority.slice(0, at);
  return { user, host: parseHost(host, fault), port: parsePort(port, fault) };
}

function parseHost(host: string | undefined, fault: Fault): string | undefined {
  if (host === undefined || host === '') return undefined;
  if (ipv6Grammar.test(host)) return host.slice(1, -1);
  if (nameGrammar.test(host)) return host;
  throw fault('has a bad host');
}

function parsePort(port: string | undefined, fault: Fault): number | undefined {
  if (port === undefined || port === '') return undefined; // the docker command takes "tcp://host:" as well
  const number = /^[0-9]{1,5}$/.test(port) ? Number(port) : 0;
  if (number >= 1 && number <= 65535) return number;
  throw fault('has a bad port: 1 to 65535');
}

function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * The text as an error may show it: without user information, query and fragment. User information reaches up to the last
 * "@", also a percent-encoded one, as a password may hold "@", "/" and "://". Of a text with "?" or "#" before an "@" only
 * the scheme is shown, as both may belong to a password or to a query.
 */
function redact(text: string): string {
  const scheme = [...schemes.keys()].map((name) => `${name}://`).find((known) => text.trimStart().startsWith(known)) ?? '';
  const at = Math.max(text.lastIndexOf('@'), text.lastIndexOf('%40'));
  const query = text.search(/[?#]/);
  const start = at < 0 ? text : `${scheme}${REDACTED}${query < 0 || at < query ? text.slice(at) : ''}`;
  const shown = start.replace(/[?#].*/s, (end) => `${end.charAt(0)}${REDACTED}`);
  return `"${escapeText(shown.slice(0, 100))}${shown.length > 100 ? ELLIPSIS : ''}"`;
}

/** Whether what is sent there can be read on its way: TCP without TLS, to any machine but this. */
export function crossesNetworkInPlain(address: Address): boolean {
  return address.scheme === 'tcp' && !address.tls && !loopbackGrammar.test(address.host);
}
// RFC 1122 §3.2.1.3, RFC 4291 §2.5.3, RFC 6761 §6.3; other spellings count as another machine.
const loopbackGrammar = /^(?:localhost\.?|127(?:\.[0-9]{1,3}){3}|::1)$/i;

/** The Host field and what paths begin with; a socket has neither, and moby wants some name without a slash. */
export function requestOrigin(address: Address | undefined): { host: string; basePath: string } {
  if (address?.scheme !== 'tcp') return { host: 'docker', basePath: '' };
  return { host: `${bracket(address.host)}:${address.port}`, basePath: address.basePath };
}
