// Connects to an engine over ssh: each connection is one process `ssh HOST docker system dial-stdio`, as with the docker command,
// or with the command in the address. ssh itself handles keys, agents, jump hosts and known_hosts.

import { Buffer } from 'node:buffer';
import { asBuffer, concat, escapeText, withoutTrailing } from '../../bytes.ts';
import type { SshAddress } from '../../config/engine-address.ts';
import { noopOwner } from '../../connection/channel.ts';
import type { Channel, ChannelOwner } from '../../connection/channel.ts';
import { Deadline } from '../../connection/deadline.ts';
import { ConnectError } from '../../errors.ts';
import { writeTogether } from '../net/tolerant-writes.ts';
import { startProgram } from './child-process.ts';
import type { Program, ProgramEnd } from './child-process.ts';

/** The time from SIGTERM to SIGKILL, in milliseconds; the docker command uses the same. */
const GRACE_MS = 3000;
/** The time that ssh gets to exit after the end of its output, in milliseconds. */
const EXIT_MS = 3000;
/** How long to wait for more stderr after ssh has exited, in milliseconds: a child may keep stderr open. */
const STDERR_MS = 200;
/** How many bytes of the end of stderr are kept; the docker command keeps the same number. */
const STDERR_BYTES = 4096;
/** How many characters of unexpected output are shown in the error. */
const SHOWN_CHARACTERS = 100;

/**
 * Starts ssh and returns a channel over its pipes at once, because ssh does not report when it is connected. `connectMs`, in
 * milliseconds, is passed to ssh as ConnectTimeout. If ssh ends before the engine's first byte, the owner of the channel gets a
 * `ConnectError`.
 */
export async function dialSsh(address: SshAddress, connectMs: number, signal: AbortSignal | undefined): Promise<Channel> {
  signal?.throwIfAborted();
  const program = await startProgram('ssh', sshArguments(address, connectMs), GRACE_MS).catch((cause: NodeJS.ErrnoException) => {
    const { code, message } = cause;
    const hint = code === 'ENOENT' || code === 'EACCES' ? 'Install the client of OpenSSH, or set PATH' : undefined;
    const fields = { address: address.text, errno: code, hint, cause, transient: false };
    throw new ConnectError(`cannot connect to ${address.text}: ${message}`, fields);
  });
  const channel = new SshChannel(program, address);
  if (signal?.aborted !== true) return channel;
  channel.destroy();
  throw signal.reason;
}

/** The arguments of `ssh` for an address. `Infinity` means no time limit. */
export function sshArguments({ user, host, port, path, command }: SshAddress, connectMs: number): string[] {
  const limit = Number.isFinite(connectMs) ? String(Math.max(1, Math.ceil(connectMs / 1000))) : 'none';
  const engine = path === undefined ? [] : [`--host=unix://${path}`];
  return [
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...['-o', `ConnectTimeout=${limit}`, '-T', '--', host],
    (command ?? ['docker', ...engine, 'system', 'dial-stdio']).map(quoteWord).join(' '),
  ];
}

/** Quotes a word for a POSIX shell on the other host. Parsed addresses need no quotes; this is a second check. */
function quoteWord(word: string): string {
  return /^[\w.@+=:,/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A channel over the pipes of an ssh process. */
class SshChannel implements Channel {
  readonly holdsMemory = false;
  owner: ChannelOwner = noopOwner;
  writeError: Error | undefined;
  connecting = true;
  readonly #program: Program;
  readonly #address: SshAddress;
  readonly #stderr: () => Promise<string>;
  #paused = false;
  /**
   * Received chunks for the owner. During a pause, Node reads no more from the pipe; but when ssh has exited, it reads the rest of the
   * output in spite of the pause.
   */
  #unread: Uint8Array[] = [];
  /** Set when the program has ended, or its output is not a response. The owner learns it after all chunks. */
  #end: { error: Error | undefined } | undefined;
  #isEndReported = false;

  constructor(program: Program, address: SshAddress) {
    this.#program = program;
    this.#address = address;
    this.#stderr = stderrTail(program);
    const { stdout } = program;
    stdout.on('data', (chunk: Uint8Array) => {
      this.#unread.push(chunk);
      if (this.connecting && !this.#checkStart()) return;
      if (!this.#paused) this.#deliver();
    });
    stdout.once('close', () => void this.#handleEnd());
  }

  write(blocks: readonly Uint8Array[]): Promise<void> {
    return writeTogether(this.#program.stdin, blocks, (error) => {
      if (!this.#isEndReported) this.writeError ??= error;
    });
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
    if (!this.#paused) this.#program.stdout.resume();
  }

  keepProcessAlive(value: boolean): void {
    this.#program.keepProcessAlive(value);
  }

  /** Closes stdin; the command on the other host then ends its side of the connection. */
  end(): void {
    this.#program.stdin.end();
  }

  destroy(): void {
    const { stdin, stdout, stderr } = this.#program;
    this.owner = noopOwner;
    this.#unread = [];
    this.#program.stop();
    for (const pipe of [stdin, stdout, stderr]) pipe.destroy();
  }

  /**
   * Checks the start of the output. Returns `true` as soon as it is that of a response, and `false` if bytes are still missing. Other
   * output, such as a greeting from a start-up file of the shell, is dropped and ends the channel with an error.
   */
  #checkStart(): boolean {
    const first = concat(this.#unread);
    if (RESPONSE_START.startsWith(asBuffer(first).toString('latin1', 0, RESPONSE_START.length))) {
      return first.length >= RESPONSE_START.length;
    }
    const { text: address } = this.#address;
    const line = asBuffer(first).toString('utf8').split(/[\r\n]+/, 2).find((each) => each !== '') ?? '';
    const what = `the other host printed "${escapeText(line.slice(0, SHOWN_CHARACTERS))}" before the response of the engine`;
    this.#unread = [];
    this.#paused = true; // nothing more is delivered
    this.#end = { error: new ConnectError(`cannot connect to ${address}: ${what}`, { address, hint: PRINTS_HINT }) };
    this.#reportEnd();
    return false;
  }

  /** Copies chunks into the owner's memory until the owner pauses the channel. */
  #deliver(): void {
    for (let chunk; !this.#paused && (chunk = this.#unread.shift()) !== undefined; ) {
      const memory = this.owner.memory();
      const length = Math.min(chunk.length, memory.length);
      memory.set(chunk.subarray(0, length));
      if (length < chunk.length) this.#unread.unshift(chunk.subarray(length));
      this.connecting = false;
      this.#paused = !this.owner.onData(memory.subarray(0, length));
    }
    if (this.#paused) this.#program.stdout.pause();
    this.#reportEnd();
  }

  /** Waits for the exit status after the end of the output: only the status shows whether ssh failed. */
  async #handleEnd(): Promise<void> {
    const { exited, stdout } = this.#program;
    const timer = setTimeout(() => this.#program.stop(), EXIT_MS);
    timer.unref(); // a waiting exchange keeps the process alive through the program's handle
    const end = await exited;
    clearTimeout(timer);
    if (this.connecting) this.#unread = []; // fewer bytes than the start of a response
    const isClean = end.code === 0 && stdout.readableEnded && !this.connecting;
    this.#end = { error: isClean ? undefined : await this.#errorOf(end) };
    this.#reportEnd();
  }

  async #errorOf(end: ProgramEnd): Promise<Error> {
    const output = await this.#stderr();
    const how = end.signal === null ? `exited with ${end.code}` : `was killed by ${end.signal}`;
    const what = `ssh ${how}${output && `: ${output}`}`;
    if (!this.connecting) return new Error(what);
    const { text: address } = this.#address;
    return new ConnectError(`cannot connect to ${address}: ${what}`, { address, ...hintFor(end, output) });
  }

  #reportEnd(): void {
    if (this.#end === undefined || this.#isEndReported || this.#unread.length > 0) return;
    this.#isEndReported = true;
    const { error } = this.#end;
    if (error === undefined) return this.owner.onEnd();
    this.writeError = undefined; // an EPIPE; the exchange would report it in place of this error, which says why ssh ended
    this.owner.onError(error);
  }
}

/** The start of every response. */
const RESPONSE_START = 'HTTP/';
const PRINTS_HINT =
  'Its shell must print nothing to standard output without a terminal: check its start-up files (~/.bashrc, ~/.profile, ' +
  '/etc/profile.d), and whether the user may log in';

/** Keeps the end of a program's stderr. The function waits for the rest of it, and returns the text in one line, safe to print. */
function stderrTail({ stderr }: Program): () => Promise<string> {
  let bytes: Buffer = Buffer.alloc(0);
  stderr.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]).subarray(-STDERR_BYTES);
  });
  const closed = new Promise((resolve) => stderr.once('close', resolve));
  return async () => {
    await new Promise<void>((resolve) => {
      const limit = new Deadline(STDERR_MS, resolve);
      void closed.then(() => (limit.clear(), resolve()));
    });
    const lines = bytes.toString('utf8').split(/[\r\n]+/);
    // One line of text from many: "ssh: Could not resolve hostname h" loses its "ssh: ", because the message already names ssh;
    // "@   WARNING: ...   @" loses the frame that ssh draws around a warning; and lines without a punctuation mark get a ";".
    const bare = lines.map((line) => escapeText(withoutTrailing(line.replace(/^(?:ssh: |[\s@]+)/, ''), '@ \t')));
    const sentences = bare.filter((line) => line !== '').map((line) => line.replace(/[^.!?:;,]$/, '$&;'));
    return sentences.join(' ').replace(/[.;]$/, '');
  };
}

const COMMAND_HINT =
  'Install the docker command on that host, in the PATH of a login without a terminal; ' +
  'or name another command, as in ssh://HOST?command=podman%20system%20dial-stdio';

/**
 * Texts that ssh, the shell on the other host, or docker prints, and remedies. The first match counts. A pattern omits the first
 * letter of a text whose first letter may be upper or lower case.
 */
const hints: ReadonlyArray<readonly [output: RegExp, hint: string, transient?: boolean]> = [
  [/IDENTIFICATION HAS CHANGED/, 'Find out why the host has another key before you change known_hosts'],
  [/Host key verification failed/, 'Connect once with ssh in a terminal to check the key of the host and add it to known_hosts'],
  [
    /: Permission denied \(|Too many authentication failures/,
    'Does ssh log in to it without asking? It has no terminal to ask on: add the key to ssh-agent, or name it in ~/.ssh/config',
  ],
  [/Temporary failure in name resolution/, 'The name server did not answer: check the network', true],
  [/Could not resolve hostname/, 'Check the host (DOCKER_HOST)'],
  [
    /kex_exchange_identification|Connection (?:closed|reset) by/,
    'sshd on that host closed the connection: too many at a time (MaxStartups in sshd_config), or a firewall or fail2ban',
    true,
  ],
  [/onnection refused|timed out|No route to host|unreachable/, 'Check the host, the port and the network; does sshd listen there?', true],
  [
    /permission denied while trying to connect|connect: permission denied/,
    'The user on that host may not use the engine: add it to the group "docker", or name the socket of that user (rootless)',
  ],
  [
    /raw stream connection|Cannot connect to (?:the Docker daemon|Podman)|socat\[[0-9]+\] E connect/,
    'Is the engine running on that host, and is this the path of its socket?',
    true,
  ],
  [
    /unrecognized command/,
    'The Podman on that host is too old for this: update it, or name another command, as in ' +
      'ssh://HOST?command=socat%20-%20UNIX-CONNECT:/run/podman/podman.sock',
  ],
  [
    /sudo: (?:a terminal is required|a password is required|no tty present)/,
    'sudo on that host must not ask for a password: allow the command with NOPASSWD in sudoers',
  ],
  // Messages of csh, which exits with 1, and of cmd.exe and PowerShell on a Windows host.
  [/ommand not found|is not recognized as/, COMMAND_HINT],
  [/unknown command|Usage: +docker|not a docker command/, 'That host needs docker 18.09 or later'],
];

function hintFor({ code }: ProgramEnd, output: string): { hint?: string | undefined; transient?: boolean | undefined } {
  if (code === 127) return { hint: COMMAND_HINT }; // the status of shells for an unknown command; the message may be in any language
  const [, hint, transient] = hints.find(([pattern]) => pattern.test(output)) ?? [];
  return { hint, transient };
}
