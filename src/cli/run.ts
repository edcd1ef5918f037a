// One run of the program: the command line in, the exit code out; everything between goes through `io`.

import { styleText } from 'node:util';
import type { ImageClient, Warning } from '../index.ts';
import { parseCommandLine } from './arguments.ts';
import type { Task } from './arguments.ts';
import { OutputClosedError } from './command.ts';
import type { Command, Io } from './command.ts';
import { commands } from './commands.ts';
import { describeFailure, exitCodeOf } from './failure.ts';
import { printable } from './printable.ts';

/** Does what the arguments say and resolves with the exit code; never rejects. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const state: RunState = { io, color: io.color && !argv.includes('--no-color'), command: undefined, exitCode: 0 };
  try {
    const task = parseCommandLine(argv, commands, (command) => {
      state.command = command;
    });
    await perform(task, state);
  } catch (error) {
    await report(error, state);
  }
  return state.exitCode;
}

interface RunState {
  readonly io: Io;
  readonly color: boolean;
  command: Command | undefined;
  exitCode: number;
}

async function perform(task: Task, state: RunState): Promise<void> {
  const { io } = state;
  if ('text' in task) return io.stdout.write(task.text);
  let client: Promise<ImageClient> | undefined;
  const onWarning = ({ kind, message }: Warning): void => {
    // What an engine says on the way stands among the progress, where that is shown.
    if (kind !== 'engine' || task.values.quiet === true) void io.stderr.write(`longshore ${state.command?.name}: warning: ${printable(message)}\n`);
  };
  io.signal.throwIfAborted();
  try {
    await task.command.run({
      ...task,
      io,
      client: () => (client ??= io.connect({ host: task.values.host, context: task.values.context, onWarning })),
      failed(error, operand) {
        if (io.signal.aborted || error instanceof OutputClosedError) throw error;
        void report(error, state, operand);
      },
    });
  } finally {
    // A client that could not be made has been reported by who asked for it.
    (await client?.catch(() => undefined))?.close();
  }
}

async function report(error: unknown, state: RunState, operand?: string): Promise<void> {
  const { io, color, command } = state;
  // What an interruption broke may come as any error; the interruption is what happened.
  const cause: unknown = io.signal.aborted ? io.signal.reason : error;
  state.exitCode = Math.max(state.exitCode, exitCodeOf(cause));
  if (cause instanceof OutputClosedError || io.signal.aborted) return;
  const program = command === undefined ? 'longshore' : `longshore ${command.name}`;
  const { what, whatToDo } = describeFailure(cause, program, operand);
  const label = color ? styleText('red', `${program}:`, { validateStream: false }) : `${program}:`;
  const lines = [`${label} ${what}`, whatToDo, io.debug && cause instanceof Error ? cause.stack : undefined];
  await io.stderr.write(lines.map((line) => (line === undefined ? '' : `${line}\n`)).join(''));
}
