// Runs the program once: parses the command line, runs the command, reports errors and returns the exit code. All I/O goes
// through `io`.

import { styleText } from 'node:util';
import type { ImageClient, Warning } from '../index.ts';
import { parseCommandLine } from './arguments.ts';
import type { Work } from './arguments.ts';
import { Interruption, OutputClosedError, UsageError } from './command.ts';
import type { Call, Command, Io, Printer } from './command.ts';
import { loadCommands } from './commands.ts';
import { credentialsOf } from './credentials.ts';
import { describeFailure, exitCodeOf } from './failure.ts';
import { printable } from './printable.ts';
import { columnsOf, standardPrinter } from './printer.ts';

/** Runs the command that the arguments name. Resolves with the exit code; never rejects. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const color = io.color && !argv.includes('--no-color');
  const state: RunState = { io, color, command: undefined, exitCode: 0, failures: [] };
  try {
    const task = await parseCommandLine(argv, (command) => {
      state.command = command;
    });
    if ('text' in task) await io.stdout.write(task.text(columnsOf(io.stdout)));
    else await perform(task, state);
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
  /** The failures so far, one line each. */
  readonly failures: string[];
}

async function perform(task: Work, state: RunState): Promise<void> {
  const { io } = state;
  io.signal.throwIfAborted();
  if (!(await isConfirmed(task, io))) return void (state.exitCode = 1);
  const work = { ...task, credentials: await credentialsOf(task, io) };
  const engines = work.targets ?? work.engines;
  const [engine = {}, ...more] = engines;
  if (more.length === 0) return performOn(engine, work, standardPrinter(io), state);
  const { runOnFleet } = await import('./fleet.ts'); // only several engines need it
  state.exitCode = await runOnFleet({ ...work, engines }, io, async (each, ownIo, print) => {
    const own: RunState = { ...state, io: ownIo, color: false, failures: [] };
    await performOn(each, work, print, own).catch((error: unknown) => {
      if (error instanceof UsageError) throw error; // it is the same for all engines and reported once
      return report(error, own);
    });
    return own;
  });
}

/** Asks for confirmation if the command has a question. */
async function isConfirmed({ command, values, engines }: Work, io: Io): Promise<boolean> {
  const question = command.question?.(values);
  if (question === undefined || (values as { force?: boolean }).force === true) return true;
  if (!io.stdin.isTerminal) throw new UsageError('cannot ask for confirmation without a terminal: give --force');
  const where = engines.length > 1 ? ` On ${engines.length} engines.` : '';
  await io.stderr.write(`${question}${where}\nContinue? [y/N] `);
  if (/^\s*y(es)?\s*$/i.test(await io.stdin.line(io.signal))) return true;
  await io.stderr.write('Cancelled: nothing was done\n');
  return false;
}

async function performOn(engine: Call['engine'], work: Work, print: Printer, state: RunState): Promise<void> {
  const { io } = state;
  const { command, operands, values, credentials } = work;
  let client: Promise<ImageClient> | undefined;
  let target: Promise<ImageClient> | undefined;
  const onWarning = ({ kind, message }: Warning): void => {
    // Warnings of the engine are shown with the progress, which --quiet turns off.
    if (kind === 'engine' && values.quiet !== true) return;
    void io.stderr.write(`longshore ${command.name}: warning: ${printable(message)}\n`);
  };
  try {
    await command.run({
      operands, values, engine, credentials, io, print, loadCommands,
      client: () => (client ??= io.connect({ ...(work.targets === undefined ? engine : work.engines[0]), onWarning })),
      target: () => (target ??= io.connect({ ...engine, onWarning })),
      failed(error, operand) {
        if (io.signal.aborted || error instanceof OutputClosedError) throw error;
        void report(error, state, operand);
      },
      endWith(exitCode) {
        if (state.exitCode === 0) state.exitCode = exitCode;
      },
    });
  } finally {
    // If the client could not be created, that error has been reported already.
    for (const each of [client, target]) (await each?.catch(() => undefined))?.close();
  }
}

async function report(error: unknown, state: RunState, operand?: string): Promise<void> {
  const { io, color, command } = state;
  // After an interruption, any error may follow; the interruption is reported instead.
  const cause: unknown = io.signal.aborted && command?.untilInterrupted !== true ? io.signal.reason : error;
  state.exitCode = Math.max(state.exitCode, exitCodeOf(cause));
  if (cause instanceof OutputClosedError || cause instanceof Interruption) return;
  const program = command === undefined ? 'longshore' : `longshore ${command.name}`;
  const { what, whatToDo } = describeFailure(cause, program, operand);
  state.failures.push(what.replaceAll(/\n +/g, ' ')); // one line: `fleet.ts` shows it in a table cell
  const label = color ? styleText('red', `${program}:`, { validateStream: false }) : `${program}:`;
  const lines = [`${label} ${what}`, whatToDo, io.debug && cause instanceof Error ? cause.stack : undefined];
  await io.stderr.write(lines.map((text) => (text === undefined ? '' : `${text}\n`)).join(''));
}
