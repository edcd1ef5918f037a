export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export function readSources(): TextFile[];
export function makeKit(): Promise<TextFile[]>;
