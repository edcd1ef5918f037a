// Parses the address of an engine, in the forms of DOCKER_HOST. It is stricter than the docker command if a lenient reading
// could connect to the wrong engine. Errors never show a password, a query or a fragment of the text.

import { ELLIPSIS, REDACTED, escapeText, utf8 } from '../bytes.ts';
import { ConfigError } from '../errors.ts';

interface Printable {
  /** The whole address, safe to print. */
  readonly text: string;
}

/** A Unix socket, or a named pipe of Windows. */
export interface SocketAddress extends Printable {
  readonly scheme: 'unix' | 'npipe';
  /** `"/var/run/docker.sock"`, `"//./pipe/docker_engine"` (Windows accepts slashes instead of backslashes). */
  readonly path: string;
}

/** A TCP port. */
export interface TcpAddress extends Printable {
  readonly scheme: 'tcp';
  /** A name or an IP address; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** The prefix of every request path: empty, or `"/prefix"`. */
  readonly basePath: string;
  /** Whether the address itself asks for TLS (`https://`). Options and the environment may ask for it, too. */
  readonly tls: boolean;
}

/** An engine on a machine that is reached over ssh. */
export interface SshAddress extends Printable {
  readonly scheme: 'ssh';
  readonly user: string | undefined;
  readonly host: string;
  /** Undefined: ssh's own configuration decides. */
  readonly port: number | undefined;
  /** The path of the engine's socket on that machine; undefined: the default of the command on that machine. */
  readonly path: string | undefined;
  /** The words of the command that connects to the engine on that machine; undefined: `docker system dial-stdio`. */
  readonly command: readonly string[] | undefined;
}

/** Where an engine listens. */
export type Address = SocketAddress | TcpAddress | SshAddress;

/**
 * Options for TLS. `ca`, `cert` and `key` are PEM if they are bytes or contain "-----BEGIN", and otherwise the path of a file.
 * Files are read with the first connection; one that is missing or invalid causes a `ConfigError`.
 */
export interface TlsOptions {
  /** The only CAs that are trusted, as with the docker command. Default: the CAs that Node trusts. */
  readonly ca?: string | Uint8Array | undefined;
  /** The certificate that the client presents, followed by intermediate certificates; needs `key`. */
  readonly cert?: string | Uint8Array | undefined;
  /** The private key of `cert`, not encrypted; needs `cert`. */
  readonly key?: string | Uint8Array | undefined;
  /** The name that the engine's certificate must be valid for. Default: the host of the address. */
  readonly serverName?: string | undefined;
  /** `false`: encrypt, but do not verify the certificate, so that anyone on the network can read and change the traffic. Default true. */
  readonly verify?: boolean | undefined;
}

/** Makes an error with this reason; the error names the source and shows the redacted text. */
type Fault = (reason: string) => ConfigError;
type Parse = (rest: string, fault: Fault) => Address;

/** The longest path of a socket on Linux in bytes, without the final NUL: `sun_path` in unix(7). */
const SOCKET_PATH_LIMIT = 107;
/** The longest address in characters. Our own limit: far more than a host name (253) needs. */
const ADDRESS_LIMIT = 4096;

/** The schemes. The docker command knows the first four, docker-py also the last two. */
const schemes: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['unix', parseUnix],
  ['tcp', (rest, fault) => parseTcp(rest, 2375, false, fault)], // 2375 also with TLS, as in the docker command
  ['ssh', parseSsh],
  ['npipe', parsePipe],
  ['http', (rest, fault) => parseTcp(rest, 80, false, fault)],
  ['https', (rest, fault) => parseTcp(rest, 443, true, fault)],
]);
const SUPPORTED = `supported are ${[...schemes.keys()].map((scheme) => `${scheme}://`).join(', ')}`;

// authority = [ user "@" ] [ host ] [ ":" port ]; the user (up to the last "@") has been removed already
const authorityGrammar = /^(\[[^\]]*\]|[^:[\]]*)(?::([^:]*))?$/;
// host      = name / "[" IPv6address "]"
// name      = label *( "." label ) [ "." ]
// label     = 1*word *( 1*"-" 1*word ); a word has ALPHA / DIGIT / "_"
const nameGrammar = /^\w+(?:-+\w+)*(?:\.\w+(?:-+\w+)*)*\.?$/;
const ipv6Grammar = /^\[(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]+\]$/;
// No leading "-", which ssh would read as an option, and none of the characters that a shell interprets.
const userGrammar = /^\w[\w.@-]*$/;
// A shell on the other machine reads the path.
const sshPathGrammar = /^(?:\/[\w.@+=:,~-]+)+$/;
// ssh-query = "?command=" words, percent-encoded; a shell interprets none of their characters, and the first is not an option
const sshQueryGrammar = /^ssh:\/\/[^?#]*\?command=[^?#&]*$/;
const sshCommandGrammar = /^[\w./][\w.@+=:,/-]*(?: [\w.@+=:,/-]+)*$/;
// base-path = *( "/" segment ); a segment has pchar without percent-encoding and "@" (RFC 3986 §3.3)
const basePathGrammar = /^(?:\/[\w.~!$&'()*+,;=:-]+)*$/;
// pipe      = "//" host "/pipe/" name
const pipeGrammar = /^\/\/(?:\.|[\w.-]+)\/pipe\/[\w.-]+(?:\/[\w.-]+)*$/;

/**
 * Parses an address. Text without a scheme is a TCP address, as with the docker command. Throws a `ConfigError` that names
 * `source`, the variable or option that contains the text.
 */
export function parseAddress(text: string, source = 'host'): Address {
  const fault: Fault = (reason) => new ConfigError(`${source} ${redact(text)} ${reason}; ${SUPPORTED}`);
  if (typeof text !== 'string') throw new ConfigError(`${source} must be a string; ${SUPPORTED}`);
  const address = text.trim(); // as the docker command does
  if (address === '') throw fault('is empty');
  if (address.length > ADDRESS_LIMIT) throw fault(`has more than ${ADDRESS_LIMIT} characters`);
  if (escapeText(address) !== address) throw fault('contains an unprintable character');
  if (/[?#]/.test(address) && !sshQueryGrammar.test(address)) {
    throw fault('has a query or a fragment: only ssh:// takes a query, ?command=');
  }
  for (const [pattern, reason] of mistakes) if (pattern.test(address)) throw fault(reason);
  const end = address.indexOf('://');
  const [scheme, rest] = end < 0 ? ['tcp', address] : [address.slice(0, end), address.slice(end + 3)];
  const parse = schemes.get(scheme);
  if (parse !== undefined) return parse(rest, fault);
  const lower = scheme.toLowerCase();
  throw fault(`has an unknown scheme${schemes.has(lower) ? `: write ${lower}:// in lower case` : ''}`);
}

/** Common mistakes. A host may be named "unix" or "tcp" if a port follows the colon. */
const mistakes: ReadonlyArray<readonly [pattern: RegExp, reason: string]> = [
  [/^(?:[A-Za-z]:[\\/](?!\/)|\\)/, 'is a Windows path: write npipe:////./pipe/docker_engine for the pipe of an engine'],
  [/^["'`]/, 'is in quotes: write it without them'],
  [/^(?:unix:\/\/)?[$~%]/, 'contains a variable or "~" that is not expanded: write the whole path, as in unix:///path'],
  [/^[./]|^[\w.-]+\/[^:@]*\.sock$/, 'is a path: write unix:///path'],
  [/^http\+unix:/, 'has an unknown scheme, which only docker-py uses: write unix:///path'],
  [/^unix:(?!\/\/|[0-9]+(?:\/|$))/, 'lacks slashes after its scheme: write unix:///path'],
  [/^npipe:(?!\/\/|[0-9]+(?:\/|$))/, 'lacks slashes after its scheme: write npipe:////./pipe/docker_engine'],
  [/^(?:tcp|ssh|https?):(?!\/\/|[0-9]+(?:\/|$))/, 'lacks the two slashes after its scheme, as in tcp://host:2375'],
];

/** Does not decode the path: the path of a socket may contain spaces and percent signs. */
function parseUnix(rest: string, fault: Fault): SocketAddress {
  const path = rest === '' ? '/var/run/docker.sock' : rest;
  // The docker command resolves such a path against the working directory, docker-py against the root.
  if (!path.startsWith('/')) throw fault('has a path that is not absolute: write three slashes, unix:///path');
  const length = utf8(path).length;
  if (length > SOCKET_PATH_LIMIT) throw fault(`has a path of ${length} bytes; the path of a Unix socket has at most ${SOCKET_PATH_LIMIT}`);
  return { scheme: 'unix', path, text: `unix://${path}` };
}

function parsePipe(rest: string, fault: Fault): SocketAddress {
  const path = rest === '' ? '//./pipe/docker_engine' : rest.replaceAll('\\', '/');
  if (!pipeGrammar.test(path)) throw fault('is not a named pipe: write npipe:////./pipe/docker_engine');
  return { scheme: 'npipe', path, text: `npipe://${path}` };
}

function parseTcp(rest: string, defaultPort: number, tls: boolean, fault: Fault): TcpAddress {
  const { user, host = 'localhost', port = defaultPort, path } = parseAuthority(rest, fault);
  const basePath = path.replace(/\/$/, '');
  // With one slash too many, user and password are part of the path, and messages show the path.
  if (user !== undefined || basePath.includes('@')) throw fault('has user information, which engines do not use');
  if (!basePathGrammar.test(basePath) || /\/\.\.?(?:\/|$)/.test(basePath)) throw fault('has a bad path');
  const text = `${tls ? 'https' : 'tcp'}://${bracket(host)}:${port}${basePath}`;
  return { scheme: 'tcp', host, port, basePath, tls, text };
}

function parseSsh(rest: string, fault: Fault): SshAddress {
  const [location = '', query] = rest.split('?');
  const { user, host, port, path: given } = parseAuthority(location, fault);
  if (host === undefined) throw fault('has no host');
  if (user?.includes(':')) throw fault('has a password: ssh asks for it, or use a key');
  if (user !== undefined && !userGrammar.test(user)) throw fault('has a bad user name');
  const path = given === '' || given === '/' ? undefined : given;
  if (path !== undefined && !sshPathGrammar.test(path)) throw fault('has a path with characters that a shell interprets');
  const command = query === undefined ? undefined : parseSshCommand(query, fault);
  if (command !== undefined && path !== undefined) throw fault('has a path and ?command=: the command itself must connect to the engine');
  const place = `${user === undefined ? '' : `${user}@`}${bracket(host)}${port === undefined ? '' : `:${port}`}`;
  const end = command === undefined ? (path ?? '') : `?command=${command.join('%20')}`;
  return { scheme: 'ssh', user, host, port, path, command, text: `ssh://${place}${end}` };
}

/** The words of `?command=`. A shell on the other machine reads them, so every character that it interprets is refused. */
function parseSshCommand(query: string, fault: Fault): readonly string[] {
  const text = new URLSearchParams(query).get('command') ?? '';
  if (sshCommandGrammar.test(text)) return text.split(' ');
  throw fault('has a bad ?command=: words of letters, digits and ._@+=:,/- with one %20 between them, as podman%20system%20dial-stdio');
}

/** Parses `[user@][host][:port][/path]`. */
function parseAuthority(text: string, fault: Fault) {
  const [, authority = '', path = ''] = /^([^/]*)(.*)$/s.exec(text) ?? [];
  const at = authority.lastIndexOf('@');
  const [matched, host, port] = authorityGrammar.exec(authority.slice(at + 1)) ?? [];
  if (matched === undefined) throw fault('has a bad host; write an IPv6 address in brackets');
  const user = at < 0 ? undefined : authority.slice(0, at);
  return { user, host: parseHost(host, fault), port: parsePort(port, fault), path };
}

function parseHost(host: string | undefined, fault: Fault): string | undefined {
  if (host === undefined || host === '') return undefined;
  if (ipv6Grammar.test(host)) return host.slice(1, -1);
  if (nameGrammar.test(host)) return host;
  throw fault('has a bad host');
}

function parsePort(port: string | undefined, fault: Fault): number | undefined {
  if (port === undefined || port === '') return undefined; // the docker command accepts "tcp://host:", too
  const number = /^[0-9]{1,5}$/.test(port) ? Number(port) : 0;
  if (number >= 1 && number <= 65535) return number;
  throw fault('has a bad port: 1 to 65535');
}

function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * Quotes a text for an error, without user information, query and fragment. User information ends at the last "@" or "%40",
 * because a password may contain "@", "/" and "://". If "?" or "#" comes before an "@", only the scheme is shown, because the
 * rest may be part of a password or of a query.
 */
function redact(text: string): string {
  const scheme = [...schemes.keys()].map((name) => `${name}://`).find((known) => text.trimStart().startsWith(known)) ?? '';
  const at = Math.max(text.lastIndexOf('@'), text.lastIndexOf('%40'));
  const query = text.search(/[?#]/);
  const start = at < 0 ? text : `${scheme}${REDACTED}${query < 0 || at < query ? text.slice(at) : ''}`;
  const shown = start.replace(/[?#].*/s, (end) => `${end.charAt(0)}${REDACTED}`);
  return `"${escapeText(shown.slice(0, 100))}${shown.length > 100 ? ELLIPSIS : ''}"`;
}

/** Whether traffic to an address crosses a network unencrypted: TCP without TLS to another machine. */
export function crossesNetworkInPlain(address: Address): boolean {
  return address.scheme === 'tcp' && !address.tls && !loopbackGrammar.test(address.host);
}
// RFC 1122 §3.2.1.3, RFC 4291 §2.5.3, RFC 6761 §6.3. Other spellings count as another machine.
const loopbackGrammar = /^(?:localhost\.?|127(?:\.[0-9]{1,3}){3}|::1)$/i;

/** Returns the Host field and the prefix of request paths. A socket has no host; moby accepts any name without a slash. */
export function requestOrigin(address: Address | undefined): { host: string; basePath: string } {
  if (address?.scheme !== 'tcp') return { host: 'docker', basePath: '' };
  return { host: `${bracket(address.host)}:${address.port}`, basePath: address.basePath };
}
