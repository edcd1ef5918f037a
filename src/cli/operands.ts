// What commands do with their operands: each in turn, or standard input in place of one.

import { ArgumentError, ConnectError } from '../index.ts';
import type { ImageClient } from '../index.ts';
import { UsageError } from './command.ts';
import type { Call, globalOptions, Values } from './command.ts';

/** Does the work for one operand, with calls that take the signal. */
type Work = (client: ImageClient, operand: string, signal: AbortSignal) => Promise<void>;

/**
 * Works on each operand in turn and goes on after one that fails. An engine that cannot be reached ends it: all others
 * would fail in the same way. Nothing is sent before the arguments of all calls have been checked.
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

/** A call whose signal is aborted checks its arguments, and then rejects without sending anything. */
async function checkArguments(client: ImageClient, operand: string, work: Work): Promise<void> {
  try {
    await work(client, operand, AbortSignal.abort(new Error('only the arguments are checked')));
  } catch (error) {
    if (error instanceof ArgumentError) throw new UsageError(error.message);
  }
}

/** What every `Call` has, whatever its own options are. */
interface Given extends Pick<Call, 'io'> {
  readonly values: Values<typeof globalOptions>;
}

/** What was piped in; `instead` is what to give where nothing was. */
export function standardInput({ io, values }: Given, instead: string): AsyncIterable<Uint8Array> {
  if (io.stdin.isTerminal) throw new UsageError(`an archive does not come from a terminal: ${instead}`);
  if (Math.max(values.host?.length ?? 0, values.context?.length ?? 0) > 1) {
    throw new UsageError(`standard input can be read once, and not for several engines: ${instead}`);
  }
  return io.stdin.bytes();
}
