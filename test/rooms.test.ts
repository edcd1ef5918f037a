// Which files a process loads: the files for TLS, ssh, docker's configuration, other commands and the like are loaded when
// they are needed. Prints the figures of the second edition: lines of the core and of all, files in the root, levels of folders.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderLevels } from './support/folders.ts';
import { obedientDaemon } from './support/obedient-daemon.ts';
import type { ObedientDaemon } from './support/obedient-daemon.ts';
import { regionsOf } from './support/regions.ts';
import { isOnDemand } from './support/rooms.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const sources = readdirSync(path('../src/'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/'));
const linesOf = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + readFileSync(path(`../src/${file}`), 'utf8').split('\n').length - 1, 0);

/** The source files that are in the given modules of the bundle. */
function sourcesOf(urls: readonly string[]): string[] {
  const bundled = urls.map((url) => fileURLToPath(url)).filter((name) => name.startsWith(path('../dist/')));
  return bundled.flatMap((name) => regionsOf(readFileSync(name, 'utf8'))).map(({ source }) => source).sort();
}

let daemon: ObedientDaemon;
let imported: readonly string[];
let pulled: readonly string[];
beforeAll(async () => {
  daemon = await obedientDaemon();
  const argv = [path('support/loaded-modules.mjs'), new URL('../dist/index.js', import.meta.url).href, daemon.host];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const found = JSON.parse(output) as Record<'imported' | 'pulled', string[]>;
  [imported, pulled] = [sourcesOf(found.imported), sourcesOf(found.pulled)];
});
afterAll(() => daemon.close());

describe('a process that imports the library and pulls an image over a Unix socket', () => {
  it('loads no file that is loaded on demand', () => {
    expect(pulled).toContain('client/image-client.ts');
    expect(pulled.filter(isOnDemand)).toEqual([]);
    expect(imported.filter(isOnDemand)).toEqual([]);
  });

  it('loads a core whose files and lines are printed here', () => {
    const most = sources.filter((file) => !/^(?:cli|testing)(?:\/|\.ts$)/.test(file));
    const list = pulled.map((file) => `  ${String(linesOf([file])).padStart(4)} ${file}`);
    console.log(
      [
        ...list,
        `core: ${linesOf(pulled)} lines in ${pulled.length} files (at most 7500)`,
        `everything outside cli/ and testing/: ${linesOf(most)} lines in ${most.length} files (at most 10500)`,
        `files in the root of src/: ${sources.filter((file) => !file.includes('/')).length} (at most 5)`,
        `levels of folders: ${folderLevels(sources)} (at most 8)`,
      ].join('\n'),
    );
    expect(pulled.filter((file) => !sources.includes(file))).toEqual([]);
  });
});

describe('a process that runs longshore ls', () => {
  it('loads no file that only other commands need', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'longshore-rooms-'));
    // With this variable, V8 writes the names of all modules that it has run.
    const env = { ...process.env, NODE_V8_COVERAGE: folder };
    const child = spawn(process.execPath, [path('../dist/cli/main.js'), '--host', daemon.host, 'ls'], { stdio: ['ignore', 'ignore', 'inherit'], env });
    await once(child, 'close');
    const { result } = JSON.parse(readFileSync(join(folder, ...readdirSync(folder)), 'utf8')) as { result: readonly { url: string }[] };
    rmSync(folder, { recursive: true });
    const loaded = sourcesOf(result.map(({ url }) => url).filter((url) => url.startsWith('file:')));
    expect(loaded.filter((file) => file.startsWith('cli/commands/'))).toEqual(['cli/commands/ls.ts']);
    expect(loaded.filter((file) => /^cli\/(?:completion\/|help|progress|transfer|fleet)|^testing/.test(file))).toEqual([]);
  });
});
