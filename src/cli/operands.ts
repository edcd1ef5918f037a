// Runs a command for each of its operands, and reads standard input for the operand `-`.

import { ArgumentError, ConnectError, UploadError } from '../index.ts';
import type { ImageClient } from '../index.ts';
import { UsageError } from './command.ts';
import type { Call, globalOptions, Values } from './command.ts';

/** Does the work for one operand. All calls in it must use the signal. */
type Work = (client: ImageClient, operand: string, signal: AbortSignal) => Promise<void>;

/**
 * Runs the work for each operand, one after the other, and continues after a failure. It stops if the engine cannot be reached,
 * because all other operands would fail, too. The arguments of all calls are checked before the first request is sent.
 */
export async function forEachOperand(
  call: Pick<Call, 'client' | 'operands' | 'failed' | 'io'>,
  work: Work,
): Promise<void> {
  const client = await call.client();
  for (const operand of call.operands) await checkArguments(client, operand, work);
  for (const operand of call.operands) {
    try {
      await work(client, operand, call.io.signal);
    } catch (error) {
      if (error instanceof ConnectError && error.exchange?.requestSent !== true) throw error;
      call.failed(error, operand);
    }
  }
}

/** Checks the arguments of the calls. With an aborted signal, a call checks its arguments and then rejects without sending. */
export async function checkArguments(client: ImageClient, operand: string, work: Work): Promise<void> {
  try {
    await work(client, operand, AbortSignal.abort(new Error('only the arguments are checked')));
  } catch (error) {
    if (error instanceof ArgumentError) throw new UsageError(error.message);
  }
}

/** How many engine calls run at the same time: fewer than the connections that a client keeps. */
const AT_ONCE = 4;

/** Does the work for each item, some of them at the same time. Returns the results in the order of the items. */
export async function inParallel<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = items.entries(); // shared by all of them
  const workNext = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, workNext));
  return results;
}

/** The members that every `Call` has. */
interface AnyCall extends Pick<Call, 'io'> {
  readonly values: Values<typeof globalOptions>;
}

/** Returns the bytes of standard input. `instead` is the remedy in the error for a terminal. */
export function standardInput({ io, values }: AnyCall, instead: string): AsyncIterable<Uint8Array> {
  if (io.stdin.isTerminal) throw new UsageError(`cannot read an archive from a terminal: ${instead}`);
  if (isForSeveral(values)) {
    throw new UsageError(`standard input can be read only once, not for several engines: ${instead}`);
  }
  return io.stdin.bytes();
}

/** Whether the command line names several engines. */
export function isForSeveral({ host = [], context = [] }: AnyCall['values']): boolean {
  return Math.max(host.length, context.length) > 1;
}

/** Throws an `UploadError` if a path is not that of a readable file. `more` is the remedy for a folder. */
export async function checkFile(path: string, io: Call['io'], more = ''): Promise<void> {
  if (await io.isFolder(path)) throw new UploadError(`cannot read ${path}: it is a directory; give an archive${more}`);
  await io.checkReadable(path).catch((cause: Error) => {
    throw new UploadError(`cannot read ${path}: ${systemText(cause)}`, { cause });
  });
}

/** The text of strerror(3) in the message of a system error: "permission denied" of "EACCES: permission denied, access '/x'". */
export function systemText({ message }: Error): string {
  return message.replace(/^[A-Z]\w+: (.+?), .*$/s, '$1');
}
