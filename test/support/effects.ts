// The only files that touch the world, by the built-ins that they import. README prints this table.

export const effects: Readonly<Record<string, readonly string[]>> = {
  'system/net/socket-channel.ts': ['node:net'],
  'testing/listen.ts': ['node:net', 'node:fs', 'node:fs/promises', 'node:os', 'node:path'],
  'system/tls/tls-channel.ts': ['node:tls', 'node:crypto', 'node:net'],
  'system/tls/tls-material.ts': ['node:crypto'],
  'system/programs/child-process.ts': ['node:child_process', 'node:fs/promises', 'node:path'],
  'system/files/archive-files.ts': ['node:fs', 'node:fs/promises'],
  'system/files/replaced-file.ts': ['node:fs/promises', 'node:path'],
  'system/files/unsized-file.ts': ['node:fs', 'node:fs/promises', 'node:path', 'node:timers/promises'],
  'system/files/walk-directory.ts': ['node:fs', 'node:fs/promises', 'node:path'],
  'system/files/paths.ts': ['node:path', 'node:url'],
  'system/files/read-small-file.ts': ['node:fs', 'node:fs/promises'],
  'system/files/read-docker-config.ts': ['node:fs/promises', 'node:path'],
  'system/find-engine.ts': ['node:fs/promises'],
  'system/environment.ts': ['node:os'],
  'testing/today.ts': [],
  'system/diagnostics.ts': ['node:util', 'node:diagnostics_channel'],
  'connection/node-http-transport.ts': ['node:http'],
  'bytes.ts': ['node:crypto'],
  'cli/main.ts': ['node:fs/promises', 'node:tty'],
};
