// The only files that touch the world, by the built-ins that they import. README prints this table.

export const effects: Readonly<Record<string, readonly string[]>> = {
  'system/socket.ts': ['node:net'],
  'system/listen.ts': ['node:net', 'node:fs', 'node:fs/promises', 'node:os', 'node:path'],
  'system/tls.ts': ['node:tls', 'node:crypto', 'node:net'],
  'system/tls-material.ts': ['node:crypto'],
  'system/process.ts': ['node:child_process', 'node:fs/promises', 'node:path'],
  'system/files.ts': ['node:fs', 'node:fs/promises'],
  'system/replaced-file.ts': ['node:fs/promises', 'node:path'],
  'system/unsized-file.ts': ['node:fs', 'node:fs/promises', 'node:path', 'node:timers/promises'],
  'system/folder.ts': ['node:fs', 'node:fs/promises', 'node:path'],
  'system/paths.ts': ['node:path', 'node:url'],
  'system/small-files.ts': ['node:fs', 'node:fs/promises'],
  'system/docker-config.ts': ['node:fs/promises', 'node:path'],
  'system/engine-search.ts': ['node:fs/promises'],
  'system/environment.ts': ['node:os'],
  'system/clock.ts': [],
  'system/debug.ts': ['node:util', 'node:diagnostics_channel'],
  'connection/node-http.ts': ['node:http'],
  'bytes.ts': ['node:crypto'],
  'cli/main.ts': ['node:fs/promises', 'node:tty'],
};
