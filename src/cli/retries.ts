// The option --retry of commands that talk to registries and other engines: repeats an operand after a transient error.

import { retry } from '../index.ts';
import type { RetryEvent } from '../index.ts';
import { UsageError } from './command.ts';
import type { Io, Options } from './command.ts';
import { describeFailure } from './failure.ts';

export const retryOption = {
  retry: { type: 'string', value: 'N', help: 'Try up to N more times if the error may pass' },
} as const satisfies Options;

/** Runs the work for one operand, and repeats it as often as --retry says. */
export type Retrying = <Value>(operand: string, signal: AbortSignal, work: () => Promise<Value>) => Promise<Value>;

/** Returns what runs and repeats the work of a command. Reports each failed try on stderr. */
export function retrying(command: string, { retry: text = '0' }: { readonly retry?: string | undefined }, { stderr }: Pick<Io, 'stderr'>): Retrying {
  if (!/^\d{1,4}$/.test(text)) throw new UsageError(`--retry must be a whole number from 0 to 9999, not "${text}"`);
  const attempts = Number(text) + 1;
  const program = `longshore ${command}`;
  return (operand, signal, work) => {
    const onRetry = ({ error, attempt, delayMs }: RetryEvent): void => {
      const what = describeFailure(error, program).what.replaceAll(/\n +/g, ' ');
      const seconds = (delayMs / 1000).toFixed(1);
      void stderr.write(`${program}: try ${attempt} of ${attempts} of ${operand} failed, next one in ${seconds} s: ${what}\n`);
    };
    // With an aborted signal, only the arguments are checked.
    return signal.aborted ? work() : retry(work, { attempts, signal, onRetry });
  };
}
