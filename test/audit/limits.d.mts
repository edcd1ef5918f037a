import type { TextFile } from './kit.mjs';

export interface Limit {
  readonly file: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string | undefined;
  readonly comment: string | undefined;
}

export function limitsOf(sources: readonly TextFile[]): Limit[];
export function optionsOf(sources: readonly TextFile[]): { readonly owner: string; readonly name: string; readonly comment: string }[];
