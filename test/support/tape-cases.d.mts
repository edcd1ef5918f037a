import type { ImageClient, ImageClientOptions, TarEntries } from '../../src/index.ts';

export interface TapeEnvironment {
  readonly registry: string | undefined;
  readonly login: { readonly registry: string; readonly username: string; readonly password: string } | undefined;
  readonly packTar: (entries: TarEntries) => AsyncIterable<Uint8Array>;
}

export interface TapeCase {
  readonly name: string;
  readonly needs?: string | readonly string[];
  readonly podman?: true;
  readonly registry?: true;
  readonly login?: true;
  readonly serve?: unknown;
  readonly images?: Readonly<Record<string, TarEntries>>;
  readonly client?: ImageClientOptions;
  readonly overlaps?: true;
  readonly prepare?: (admin: ImageClient, env: TapeEnvironment) => PromiseLike<unknown>;
  readonly cleanUp?: (admin: ImageClient) => PromiseLike<unknown>;
  readonly run: (docker: ImageClient, env: TapeEnvironment) => PromiseLike<unknown>;
}

export const LABEL: string;
export const LABELLED: readonly string[];
export const SERVED: string;
export const cases: readonly TapeCase[];
export const gated: Readonly<Record<string, (docker: ImageClient) => PromiseLike<unknown>>>;
export function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer>;
