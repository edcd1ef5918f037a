export type Files = Readonly<Record<string, string | Uint8Array>>;
export interface Variant {
  readonly architecture: string;
  readonly plain: readonly Buffer[];
  readonly stored: readonly Buffer[];
  readonly config: Buffer;
  readonly manifest: Buffer;
  readonly blobs: readonly Buffer[];
}
export const APP_LAYERS: readonly Files[];
export function pack(files: Files): Promise<Buffer>;
export function variantOf(
  layers: readonly Files[],
  options?: { readonly architecture?: string; readonly compress?: boolean; readonly label?: string },
): Promise<Variant>;
export function archiveOf(name: string, variants: readonly Variant[], attested?: boolean): Promise<Buffer>;
export function archiveNamed(image: 'app' | 'zipped' | 'multi', name?: string): Promise<Buffer>;
