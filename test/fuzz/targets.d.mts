export interface Target {
  readonly name: string;
}

export const targets: readonly Target[];

/** Runs the cases from 0 on; rejects with the first that fails, made smaller, and how to run it again. */
export function run(target: Target, options: { seed: number; runs: number }): Promise<Record<string, number>>;
