// Starts and stops the programs that the library may run: exactly `ssh` and `docker-credential-*`, never through a shell.

import type { ChildProcess } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { escapeText } from '../../bytes.ts';
import { ConfigError } from '../../errors.ts';
import { searchPath } from '../environment.ts';

/** How a program ended; one of the two is null. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The time from SIGTERM to SIGKILL, in milliseconds: enough to clean up, and short enough for a waiting caller. */
const GRACE_MS = 2000;

/** Thrown when a program is not found or cannot be executed. */
export class ProgramMissing extends Error {
  /** `EACCES`: PATH has files of that name, but none can be executed. */
  readonly code: 'ENOENT' | 'EACCES';

  constructor(name: string, code: ProgramMissing['code']) {
    super(code === 'ENOENT' ? `program ${name} not found in PATH` : `program ${name} is in PATH, but cannot be executed`);
    this.name = 'ProgramMissing';
    this.code = code;
  }
}

const programName = /^(?:ssh|docker-credential-[A-Za-z0-9][A-Za-z0-9._-]*)$/;

/**
 * Starts a program with the environment of this process. `graceMs` is the time from SIGTERM to SIGKILL when it is stopped.
 * Rejects with `ProgramMissing`, or with the system's own error.
 */
export async function startProgram(name: string, argv: readonly string[], graceMs: number = GRACE_MS): Promise<Program> {
  const file = await findProgram(name);
  const { spawn } = await import('node:child_process');
  // A new session, as with the docker command. One signal then reaches the program and its children (a ProxyCommand, another
  // helper). Ctrl-C reaches only this process, which stops the program in order. The program has no terminal, so that six
  // programs do not ask for a passphrase at once; ssh-agent and SSH_ASKPASS work. If this process is killed, the program sees
  // the end of its stdin and exits. On Windows, a session would open a window.
  const detached = process.platform !== 'win32';
  const child = spawn(file, argv, { stdio: 'pipe', shell: false, detached, windowsHide: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      child.off('error', reject);
      resolve(new Program(child, graceMs));
    });
  });
}

/** Finds a program in the absolute folders of PATH. The search of the system would include the working directory. */
export async function findProgram(name: string, path: string = searchPath()): Promise<string> {
  if (!programName.test(name)) {
    throw new ConfigError(`"${escapeText(name)}" is not started: longshore runs only ssh and docker-credential-*`);
  }
  // .cmd and .bat are never used, because Windows passes them to a shell (CVE-2024-27980).
  const fileName = process.platform === 'win32' ? `${name}.exe` : name;
  let code: ProgramMissing['code'] = 'ENOENT';
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const file = join(folder, fileName);
    const isFile = await stat(file).then((found) => found.isFile(), () => undefined);
    if (isFile === undefined) continue;
    if (isFile && (await access(file, constants.X_OK).then(() => true, () => false))) return file;
    code = 'EACCES';
  }
  throw new ProgramMissing(name, code);
}

/** The running programs, which are stopped when this process exits. */
const running = new Set<Program>();
const onProcessExit = (): void => running.forEach((program) => program.onProcessExit());

/** A running program. */
export class Program {
  readonly pid: number;
  /** Errors are passed to the callbacks of the writes and never become unhandled errors. */
  readonly stdin: Writable;
  /** Add listeners at once: when the program has exited, Node reads its output even without a listener and during a pause. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the program has exited, even if its output has not been read yet; never rejects. */
  readonly exited: Promise<ProgramEnd>;
  /** Resolves when the program has exited and its output has been read, or when `stop` has closed the pipes; never rejects. */
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcess;
  readonly #graceMs: number;
  #isStopping = false;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, graceMs: number) {
    this.#child = child;
    this.#graceMs = graceMs;
    this.pid = child.pid as number;
    this.stdin = child.stdin as Writable;
    this.stdout = child.stdout as Readable;
    this.stderr = child.stderr as Readable;
    for (const emitter of [child, this.stdin, this.stdout, this.stderr]) emitter.on('error', () => {});
    this.exited = endOf(child, 'exit');
    this.ended = endOf(child, 'close');
    void this.ended.then(() => this.#forget());
    if (running.size === 0) process.on('exit', onProcessExit);
    running.add(this);
  }

  /** Sends SIGTERM to the program and its children. After the grace time, sends SIGKILL and closes the pipes. */
  stop(): void {
    if (this.#isStopping || !running.has(this)) return;
    this.#isStopping = true;
    this.#signal('SIGTERM');
    this.#killTimer = setTimeout(() => this.#kill(), this.#graceMs);
    this.#killTimer.unref(); // if this process exits first, `onProcessExit` kills the program
  }

  /** Sets whether the program and its pipes keep this process running; by default they do. */
  keepProcessAlive(value: boolean): void {
    const handles = [this.#child, this.stdin, this.stdout, this.stderr] as ReadonlyArray<Partial<NodeJS.RefCounted>>;
    for (const handle of handles) value ? handle.ref?.() : handle.unref?.();
  }

  onProcessExit(): void {
    this.#signal(this.#isStopping ? 'SIGKILL' : 'SIGTERM');
  }

  #kill(): void {
    this.#signal('SIGKILL');
    // A child that has left the group may keep the pipes open; `ended` must not wait for it.
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy();
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      if (process.platform === 'win32') this.#child.kill(signal);
      else process.kill(-this.pid, signal);
    } catch {
      this.#child.kill(signal); // the group does not exist: it has exited, or this runtime did not create one
    }
  }

  #forget(): void {
    clearTimeout(this.#killTimer);
    running.delete(this);
    if (running.size === 0) process.off('exit', onProcessExit);
  }
}

function endOf(child: ChildProcess, event: 'exit' | 'close'): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    child.once(event, (code: number | null, signal: NodeJS.Signals | null) => resolve({ code, signal }));
  });
}
