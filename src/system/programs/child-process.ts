// Programs that longshore starts: exactly `ssh` and `docker-credential-*`, found by itself and never through a shell.

import type { ChildProcess } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { escapeText } from '../../bytes.ts';
import { ConfigError } from '../../errors.ts';
import { searchPath } from '../environment.ts';

/** How a program came to its end; one of the two is null. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that runs. */
export interface Program {
  readonly pid: number;
  /** What goes wrong here is told by the callbacks of its writes, and is never an unhandled error. */
  readonly stdin: Writable;
  /** Listen at once: Node lets it flow when the program has exited, whether anyone listens and whether it is paused. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it has exited, though its output may not have been read yet; never rejects. */
  readonly exited: Promise<ProgramEnd>;
  /** Resolves when it has exited and its output has been read to the end, or was given up by `stop`; never rejects. */
  readonly ended: Promise<ProgramEnd>;
  /** SIGTERM to it and its children; what is left after `graceMs` gets SIGKILL, and its pipes are closed. */
  stop(): void;
  /** Whether it and its pipes keep our process alive; at first they do. */
  keepProcessAlive(value: boolean): void;
}

/** How a program is to be run. */
export interface ProgramOptions {
  /** From SIGTERM to SIGKILL, in milliseconds. Default 2000. */
  readonly graceMs?: number | undefined;
}

/** Thrown when a program that is to be started is not there, or may not be run. */
export class ProgramMissing extends Error {
  /** As the system names it; `EACCES` where there are files of that name, and none may be run. */
  readonly code: 'ENOENT' | 'EACCES';

  constructor(name: string, code: ProgramMissing['code']) {
    super(
      code === 'ENOENT'
        ? `there is no program ${name} in the folders of PATH`
        : `${name} stands in a folder of PATH, and is no program that may be run`,
    );
    this.name = 'ProgramMissing';
    this.code = code;
  }
}

const programName = /^(?:ssh|docker-credential-[A-Za-z0-9][A-Za-z0-9._-]*)$/;

/** Starts a program; rejects with `ProgramMissing`, or with the system's own error. The environment is inherited. */
export async function startProgram(name: string, argv: readonly string[], options: ProgramOptions = {}): Promise<Program> {
  const file = await findProgram(name);
  const { spawn } = await import('node:child_process');
  // A session of its own, as the docker command has it: one signal reaches the children as well (ProxyCommand, a
  // helper's own helper), and Ctrl-C at a terminal reaches us alone, who end it in order. Without a terminal ssh cannot
  // ask for a passphrase there, which six at once would all do; ssh-agent and SSH_ASKPASS work. Where we are killed
  // outright, the end of its stdin is what ends it. On Windows this would open a window.
  const detached = process.platform !== 'win32';
  const child = spawn(file, argv, { stdio: 'pipe', shell: false, detached, windowsHide: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      child.off('error', reject);
      resolve(new RunningProgram(child, options));
    });
  });
}

/** The program's file. Not left to the system, which would look in the working directory, too, where PATH says so. */
export async function findProgram(name: string, path: string = searchPath()): Promise<string> {
  if (!programName.test(name)) {
    throw new ConfigError(`"${escapeText(name)}" is not started: longshore runs ssh and docker-credential-* alone`);
  }
  // Never .cmd and .bat, which Windows gives to a shell (CVE-2024-27980).
  const fileName = process.platform === 'win32' ? `${name}.exe` : name;
  let code: ProgramMissing['code'] = 'ENOENT';
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const file = join(folder, fileName);
    const found = await fileState(file);
    if (found === 'program') return file;
    if (found === 'other') code = 'EACCES';
  }
  throw new ProgramMissing(name, code);
}

async function fileState(file: string): Promise<'program' | 'other' | 'none'> {
  try {
    if (!(await stat(file)).isFile()) return 'other';
  } catch {
    return 'none';
  }
  return access(file, constants.X_OK).then(() => 'program', () => 'other');
}

/** All that run, so that none outlives us where we can help it. */
const running = new Set<RunningProgram>();
const onProcessExit = (): void => running.forEach((program) => program.signalLast());

class RunningProgram implements Program {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<ProgramEnd>;
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcess;
  readonly #graceMs: number;
  #stopping = false;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, { graceMs = 2000 }: ProgramOptions) {
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

  stop(): void {
    if (this.#stopping || !running.has(this)) return;
    this.#stopping = true;
    this.#signal('SIGTERM');
    // Nobody has to wait for this: where our process ends sooner, `signalLast` does it.
    this.#killTimer = setTimeout(() => this.#kill(), this.#graceMs);
    this.#killTimer.unref();
  }

  keepProcessAlive(value: boolean): void {
    const handles = [this.#child, this.stdin, this.stdout, this.stderr] as ReadonlyArray<Partial<NodeJS.RefCounted>>;
    for (const handle of handles) value ? handle.ref?.() : handle.unref?.();
  }

  /** Our process ends in this very turn. */
  signalLast(): void {
    this.#signal(this.#stopping ? 'SIGKILL' : 'SIGTERM');
  }

  #kill(): void {
    this.#signal('SIGKILL');
    // Who left the group may hold on to the other ends, and `ended` must not wait for that.
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy();
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      if (process.platform === 'win32') this.#child.kill(signal);
      else process.kill(-this.pid, signal);
    } catch {
      this.#child.kill(signal); // no such group: it has gone, or this runtime made none
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
