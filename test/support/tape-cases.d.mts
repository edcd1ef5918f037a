import type { ImageClient, ImageClientOptions, TarEntries } from '../../src/index.ts';

export interface TapeEnvironment {
  readonly registry: string | undefined;
  readonly packTar: (entries: TarEntries) => AsyncIterable<Uint8Array>;
}

export interface TapeCase {
  readonly name: string;
  readonly images?: Readonly<Record<string, TarEntries>>;
  readonly client?: ImageClientOptions;
  readonly registry?: true;
  readonly prepare?: (admin: ImageClient, env: TapeEnvironment) => PromiseLike<unknown>;
  readonly run: (docker: ImageClient, env: TapeEnvironment) => PromiseLike<unknown>;
}

export const LABEL: string;
export const LABELLED: readonly string[];
export const cases: readonly TapeCase[];
export function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer>;
