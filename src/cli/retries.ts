// The option --retry of commands that talk to registries and other engines: repeats an operand after a transient error.

import { retry } from '../index.ts';
import type { RetryEvent } from '../index.ts';
import { UsageError } from './command.ts';
import type { Call, globalOptions, Options, Values } from './command.ts';
import { describeFailure } from './failure.ts';

export const retryOption = {
  retry: { type: 'string', value: 'N', help: 'Try up to N more times after a temporary error' },
} as const satisfies Options;

/** Runs the work for one operand, and repeats it as often as --retry says. */
export type Retrying = <Value>(operand: string, signal: AbortSignal, work: () => Promise<Value>) => Promise<Value>;

type RetryCall = Pick<Call, 'io' | 'print'> & { readonly values: Values<typeof globalOptions & typeof retryOption> };

/** Returns what runs and repeats the work of a command. Reports each failed try on stderr, and with --json between the events of the tries. */
export function retrying(command: string, { io, print, values }: RetryCall): Retrying {
  const { retry: text = '0', json, quiet } = values;
  if (!/^\d{1,4}$/.test(text)) throw new UsageError(`--retry must be a whole number from 0 to 9999, not "${text}"`);
  const attempts = Number(text) + 1;
  const program = `longshore ${command}`;
  return (operand, signal, work) => {
    const onRetry = async ({ error, attempt, delayMs }: RetryEvent): Promise<void> => {
      const what = describeFailure(error, program).what.replaceAll(/\n +/g, ' ');
      const seconds = (delayMs / 1000).toFixed(1);
      void io.stderr.write(`${program}: try ${attempt} of ${attempts} of ${operand} failed, next one in ${seconds} s: ${what}\n`);
      if (json === true && quiet !== true) await print.event({ type: 'retry', attempt, attempts, delayMs, error: what });
    };
    // With an aborted signal, only the arguments are checked.
    return signal.aborted ? work() : retry(work, { attempts, signal, onRetry });
  };
}
