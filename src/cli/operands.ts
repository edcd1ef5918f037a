// What commands do with their operands: each in turn, or standard input in place of one.

import { ConnectError } from '../index.ts';
import type { ImageClient } from '../index.ts';
import { UsageError } from './command.ts';
import type { Call, globalOptions, Values } from './command.ts';

/** With each operand in turn, also when one fails. An engine out of reach ends it: it would fail all alike. */
export async function forEachOperand(
  call: Pick<Call, 'client' | 'operands' | 'failed'>,
  work: (client: ImageClient, operand: string) => Promise<void>,
): Promise<void> {
  const client = await call.client();
  for (const operand of call.operands) {
    try {
      await work(client, operand);
    } catch (error) {
      if (error instanceof ConnectError) throw error;
      call.failed(error, operand);
    }
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
