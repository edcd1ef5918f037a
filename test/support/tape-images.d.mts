import type { TarEntries } from '../../src/index.ts';

export declare const LABEL: string;
/** An archive of an image for linux/amd64 and linux/arm64/v8. */
export declare function multiArchive(env: { readonly packTar: (entries: TarEntries) => AsyncIterable<Uint8Array> }, name: string): Promise<Buffer>;
