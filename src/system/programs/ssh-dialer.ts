// An engine behind ssh: one `ssh ... docker system dial-stdio` for each connection, as the docker command has it, or the
// command that the address names, so that
// keys, agents, jump hosts and known_hosts are ssh's own affair.

import { Buffer } from 'node:buffer';
import { noopOwner } from '../../connection/channel.ts';
import type { Channel, ChannelOwner } from '../../connection/channel.ts';
import { Deadline } from '../../connection/deadline.ts';
import type { SshAddress } from '../../config/engine-address.ts';
import { asBuffer, concat, escapeText, withoutTrailing } from '../../bytes.ts';
import { ConnectError } from '../../errors.ts';
import { startProgram } from './child-process.ts';
import type { Program, ProgramEnd } from './child-process.ts';

/** From SIGTERM to SIGKILL, in milliseconds: the docker command's. */
const GRACE_MS = 3000;
/** How long ssh may take to exit once its output has ended, in milliseconds. */
const EXIT_MS = 3000;
/** How long what it said last may take once it has exited; a child of its own can hold on to its stderr. */
const LAST_WORDS_MS = 200;
/** How much of what it said last is kept, in bytes: as much as the docker command keeps. */
const LAST_WORDS_BYTES = 4096;

/**
 * Starts ssh and returns a channel over its pipes as soon as it runs, because ssh gives no sign that it is connected. Its
 * ConnectTimeout is the limit of time, `connectMs` in milliseconds. An end before the engine's first byte is reported to the
 * channel's owner as a `ConnectError`.
 */
export async function dialSsh(address: SshAddress, connectMs: number, signal: AbortSignal | undefined): Promise<Channel> {
  signal?.throwIfAborted();
  const program = await startSsh(address, connectMs);
  const channel = new ProgramChannel(program, address);
  if (signal?.aborted !== true) return channel;
  channel.destroy();
  throw signal.reason;
}

/** The arguments of `ssh` for an address; `Infinity` is no limit for the connection. */
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

/** A word as a POSIX shell over there reads it; addresses let nothing through that needs it, and this holds anyway. */
function quoteWord(word: string): string {
  return /^[\w.@+=:,/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

async function startSsh(address: SshAddress, connectMs: number): Promise<Program> {
  try {
    return await startProgram('ssh', sshArguments(address, connectMs), { graceMs: GRACE_MS });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const hint = code === 'ENOENT' || code === 'EACCES' ? 'Install the client of OpenSSH, or set PATH' : undefined;
    const fields = { address: address.text, errno: code, hint, cause, transient: false };
    throw new ConnectError(`cannot connect to ${address.text}: ${message}`, fields);
  }
}

/** A channel over the pipes of an `ssh`. */
class ProgramChannel implements Channel {
  readonly holdsMemory = false;
  owner: ChannelOwner = noopOwner;
  writeError: Error | undefined;
  connecting = true;
  readonly #program: Program;
  readonly #address: SshAddress;
  readonly #lastWords: StderrTail;
  #paused = false;
  /** What has come and not been taken. A pause leaves the rest of one chunk here; the pipe holds what comes after. */
  #unread: Uint8Array[] = [];
  /** How it ended, to be told behind everything that came before. */
  #over: { fault: Error | undefined } | undefined;
  #overTold = false;

  constructor(program: Program, address: SshAddress) {
    this.#program = program;
    this.#address = address;
    this.#lastWords = new StderrTail(program);
    const { stdout } = program;
    stdout.on('data', (chunk: Uint8Array) => {
      this.#unread.push(chunk);
      if (this.connecting && !this.#hasBegun()) return;
      if (!this.#paused) this.#deliver();
    });
    stdout.once('close', () => void this.#judgeEnd());
  }

  write(blocks: readonly Uint8Array[]): Promise<void> {
    const { stdin } = this.#program;
    return new Promise((resolve) => {
      const onWritten = (error?: Error | null): void => {
        if (error && !this.#overTold) this.writeError ??= error;
        resolve();
      };
      stdin.cork();
      blocks.forEach((block, index) => stdin.write(block, index === blocks.length - 1 ? onWritten : undefined));
      stdin.uncork();
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

  /** What runs over there passes it on. */
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

  /** Whether what came first is of the engine; it may come in pieces, of which the first "H" tells nothing. */
  #hasBegun(): boolean {
    const first = concat(this.#unread);
    if (!mayBeHttp(first)) this.#refuse(first);
    return !this.#paused && first.length >= ANSWER_START.length;
  }

  #refuse(first: Uint8Array): void {
    const { text: address } = this.#address;
    const text = asBuffer(first).toString('utf8');
    const line = text.split(/[\r\n]+/, 2).find((each) => each !== '') ?? '';
    this.#unread = [];
    const what = `the other side printed "${escapeText(line.slice(0, SHOWN_CHARACTERS))}" before the engine could answer`;
    this.#paused = true;
    this.#over = { fault: new ConnectError(`cannot connect to ${address}: ${what}`, { address, hint: PRINTS_HINT }) };
    this.#tellOver();
  }

  /** Copies what has come into the owner's memory, as far as the owner wants it. */
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
    this.#tellOver();
  }

  /** The end of the output says nothing yet: what failed ends it just as what is done. How ssh exits tells them apart. */
  async #judgeEnd(): Promise<void> {
    const { exited, stdout } = this.#program;
    const timer = setTimeout(() => this.#program.stop(), EXIT_MS);
    timer.unref(); // an exchange that waits for this keeps the program's own handle alive
    const end = await exited;
    clearTimeout(timer);
    if (this.connecting) this.#unread = []; // less than the beginning of an answer
    const isClean = end.code === 0 && stdout.readableEnded && !this.connecting;
    this.#over = { fault: isClean ? undefined : await this.#fault(end) };
    this.#tellOver();
  }

  async #fault(end: ProgramEnd): Promise<Error> {
    const words = await this.#lastWords.text();
    const how = end.signal === null ? `exited with ${end.code}` : `was ended by ${end.signal}`;
    const what = `ssh ${how}${words && `: ${words}`}`;
    if (!this.connecting) return new Error(what);
    const { text: address } = this.#address;
    return new ConnectError(`cannot connect to ${address}: ${what}`, { address, ...meaningOf(end, words) });
  }

  #tellOver(): void {
    if (this.#over === undefined || this.#overTold || this.#unread.length > 0) return;
    this.#overTold = true;
    const { fault } = this.#over;
    if (fault === undefined) return this.owner.onEnd();
    this.writeError = undefined; // EPIPE came of the same, and tells less
    this.owner.onError(fault);
  }
}

/** How much is shown of what a start-up file printed, in characters. */
const SHOWN_CHARACTERS = 100;
const PRINTS_HINT =
  'Its shell must print nothing to standard output where there is no terminal: look at its start-up files (~/.bashrc, ' +
  '~/.profile, /etc/profile.d), and whether the user may log in';

/** How every answer begins. */
const ANSWER_START = 'HTTP/';
/** Whether an answer may begin with these bytes. */
function mayBeHttp(first: Uint8Array): boolean {
  return ANSWER_START.startsWith(asBuffer(first).toString('latin1', 0, ANSWER_START.length));
}

/** What a program said last on its stderr. */
class StderrTail {
  readonly #closed: Promise<void>;
  #bytes = Buffer.alloc(0);

  constructor({ stderr }: Program) {
    stderr.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]).subarray(-LAST_WORDS_BYTES);
    });
    this.#closed = new Promise((resolve) => stderr.once('close', resolve));
  }

  /** In one line, safe to print. */
  async text(): Promise<string> {
    await new Promise<void>((resolve) => {
      const limit = new Deadline(LAST_WORDS_MS, resolve);
      void this.#closed.then(() => (limit.clear(), resolve()));
    });
    const lines = this.#bytes.toString('utf8').split(/[\r\n]+/);
    // Without the frame that ssh draws around a warning, and its own name, which the message has already.
    const bare = lines.map((line) => escapeText(withoutTrailing(line.replace(/^(?:ssh: |[\s@]+)/, ''), '@ \t')));
    const sentences = bare.filter((line) => line !== '').map((line) => line.replace(/[^.!?:;,]$/, '$&;'));
    return sentences.join(' ').replace(/[.;]$/, '');
  }
}

const COMMAND_HINT =
  'Install the docker command over there, and have it in the PATH of a login without a terminal; ' +
  'or name another command, as in ssh://HOST?command=podman%20system%20dial-stdio';

/** What ssh, a shell over there, or docker says, and what to do about it; the first that fits. */
const hints: ReadonlyArray<readonly [words: RegExp, hint: string, transient?: boolean]> = [
  [/IDENTIFICATION HAS CHANGED/, 'Find out why the host has another key before you change known_hosts'],
  [
    /Host key verification failed/,
    'Connect once with ssh in a terminal to check the key of the host and add it to known_hosts',
  ],
  [
    /: Permission denied \(|Too many authentication failures/,
    'Does ssh log in to it without asking? There is no terminal to ask on: ' +
      'add the key to ssh-agent, or name it in ~/.ssh/config',
  ],
  [/Temporary failure in name resolution/, 'The name server did not answer: check the network', true],
  [/Could not resolve hostname/, 'Check the host (DOCKER_HOST)'],
  [
    /kex_exchange_identification|Connection (?:closed|reset) by/,
    'sshd over there closed the connection: too many at a time (MaxStartups in sshd_config), or a firewall or fail2ban',
    true,
  ],
  [
    /onnection refused|timed out|No route to host|unreachable/,
    'Check the host, the port and the network; does sshd listen there?',
    true,
  ],
  [
    /permission denied while trying to connect|connect: permission denied/,
    'The user over there may not use the engine: add it to the group "docker", or name the socket of that user (rootless)',
  ],
  [
    /raw stream connection|Cannot connect to (?:the Docker daemon|Podman)|socat\[[0-9]+\] E connect/,
    'Is the engine running over there, and is this the path of its socket?',
    true,
  ],
  [
    /unrecognized command/,
    'The Podman over there is too old for this: update it, or name another command, as in ' +
      'ssh://HOST?command=socat%20-%20UNIX-CONNECT:/run/podman/podman.sock',
  ],
  [/sudo: (?:a terminal is required|a password is required|no tty present)/, 'sudo over there must not ask for a password: allow the command with NOPASSWD in sudoers'],
  // csh has the status 1; cmd.exe and PowerShell of a Windows host.
  [/ommand not found|is not recognized as/, COMMAND_HINT],
  [/unknown command|Usage: +docker|not a docker command/, 'It takes docker 18.09 or later over there'],
];

function meaningOf({ code }: ProgramEnd, words: string): { hint?: string | undefined; transient?: boolean | undefined } {
  // The shell's status for a command that it did not find; its words are in its user's language.
  if (code === 127) return { hint: COMMAND_HINT };
  const [, hint, transient] = hints.find(([pattern]) => pattern.test(words)) ?? [];
  return { hint, transient };
}
