// The only files that touch the world, by the built-ins that they import. README prints this table.

export const effects: Readonly<Record<string, readonly string[]>> = {
  'system/socket.ts': ['node:net'],
  'system/files.ts': ['node:fs', 'node:fs/promises', 'node:path'],
  'system/small-files.ts': ['node:fs/promises'],
  'system/docker-config.ts': ['node:fs/promises', 'node:path'],
  'system/process.ts': ['node:child_process', 'node:fs/promises', 'node:path'],
  'system/environment.ts': ['node:os', 'node:path'],
  'bytes.ts': ['node:crypto'],
  'cli/main.ts': ['node:tty'],
};
