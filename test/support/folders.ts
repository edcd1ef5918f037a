// Which folders of src/ a folder may import.

/**
 * The folders of src/, the lowest first, with the others that each may import. The files of the root count as folders: all
 * folders may import `errors`, `bytes` and `kinds`, which checks arguments.
 */
export const folders: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  bytes: [],
  kinds: ['bytes', 'errors'],
  async: [],
  tar: ['bytes', 'errors', 'kinds'],
  http: ['bytes', 'errors', 'kinds'],
  api: ['tar', 'bytes', 'errors', 'kinds'],
  connection: ['api', 'http', 'async', 'bytes', 'errors', 'kinds'],
  config: ['connection', 'api', 'http', 'bytes', 'errors', 'kinds'],
  system: ['config', 'connection', 'api', 'http', 'tar', 'async', 'bytes', 'errors', 'kinds'],
  client: ['system', 'config', 'connection', 'api', 'http', 'tar', 'async', 'bytes', 'errors', 'kinds'],
  index: ['client', 'config', 'connection', 'api', 'tar', 'errors'],
  testing: ['client', 'system', 'config', 'connection', 'api', 'http', 'async', 'bytes', 'errors', 'kinds'],
  cli: ['index', 'testing'],
};

/** The folder of a file: `client/engine.ts` lies in `client`; `testing.ts` and the files of `testing/` both count as `testing`. */
export function folderOf(file: string): string {
  return file.replace(/\/.*|\.ts$/g, '');
}

/** The number of folders in the longest chain of imports. */
export function folderLevels(files: readonly string[]): number {
  const isFolder = (name: string): boolean => files.some((file) => file.startsWith(`${name}/`));
  const levelOf = (folder: string): number => 1 + Math.max(0, ...(folders[folder] ?? []).filter(isFolder).map(levelOf));
  return Math.max(...Object.keys(folders).map(levelOf));
}
