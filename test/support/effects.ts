// The only files that touch the world, by the built-ins that they import. README prints this table.

export const effects: Readonly<Record<string, readonly string[]>> = {
  'system/socket.ts': ['node:net'],
  'system/files.ts': ['node:fs', 'node:fs/promises', 'node:path'],
  'system/small-files.ts': ['node:fs/promises'],
  'system/environment.ts': [],
  'system/debug.ts': ['node:util', 'node:diagnostics_channel'],
  'bytes.ts': ['node:crypto'],
  'cli/main.ts': ['node:tty'],
};
