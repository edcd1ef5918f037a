// The files of src/ that are loaded with `import()` when they are first needed, and never by `import 'longshore'` or by a
// pull over a Unix socket. `test/architecture.test.ts` reads the imports, `test/rooms.test.ts` looks at a process.

/** By the feature whose use loads them; a name that ends with a slash means all files of a folder. */
export const roomsOnDemand: Readonly<Record<string, readonly string[]>> = {
  'TLS': ['system/tls/tls-channel.ts', 'system/tls/tls-errors.ts', 'system/tls/tls-material.ts'],
  'ssh and credential helpers': ['system/programs/'],
  "the docker command's configuration": [
    'config/config-file.ts',
    'config/docker-context.ts',
    'config/known-sockets.ts',
    'config/resolve-engine.ts',
    'config/stored-credentials.ts',
    'config/tls-settings.ts',
    'system/files/read-docker-config.ts',
    'system/find-engine.ts',
  ],
  'files that are read, written or packed': [
    'system/files/read-archive.ts',
    'system/files/replaced-file.ts',
    'system/files/unsized-file.ts',
    'system/files/walk-directory.ts',
    'system/files/write-archive.ts',
  ],
  'the packing of archives': ['tar/header.ts', 'tar/pack-entries.ts', 'tar/pax.ts', 'tar/validate-entry.ts'],
  'the verification and copies of saved images': ['api/saved-image/', 'client/copy/', 'tar/read-entries.ts', 'tar/scan-archive.ts', 'tar/trailing-message.ts'],
  'repeated calls and lost connections': ['async/backoff.ts', 'client/reconnecting-events.ts', 'client/repeat-call.ts', 'client/wait-until-ready.ts', 'system/random.ts'],
  'the plan of a prune': ['api/freed-space.ts', 'api/prune-filters.ts', 'api/prune-rules.ts', 'client/prune-plan.ts'],
  'the comparison with a registry': ['client/check-for-update.ts'],
  'compressed archives': ['api/compressed-archives.ts', 'client/unpacked-body.ts', 'system/compression.ts'],
  'the transport on node:http': ['connection/node-http-transport.ts'],
};

/** Whether a file of src/ is loaded on demand. */
export function isOnDemand(file: string): boolean {
  return Object.values(roomsOnDemand).flat().some((name) => (name.endsWith('/') ? file.startsWith(name) : file === name));
}
