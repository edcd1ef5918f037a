export interface Packed {
  readonly path: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

export function packPackage(folder: string): Promise<Packed>;
export function makeProject(folder: string): string;
export function install(folder: string, tarball: string): string;
export function vendor(folder: string): void;
export function bundle(folder: string, output: string): Promise<void>;
export function complaintOf(command: string, argv: readonly string[], folder: string): Promise<string | undefined>;
