import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Options } from '../src/cli/command.ts';
import { loadCommands } from '../src/cli/commands.ts';
import { endpoints } from '../src/api/endpoints.ts';
import type { Endpoint } from '../src/api/parameters.ts';
import { encodeRegistryAuth } from '../src/api/credentials.ts';
import { NEWEST_API_VERSION, OLDEST_API_VERSION } from '../src/api/api-version.ts';
import { ImageClient } from '../src/client/image-client.ts';
import { makeKit, readSources } from './audit/kit.mjs';
import { limitsOf } from './audit/limits.mjs';
import { documents, section, table } from './support/documents.ts';
import { effects } from './support/effects.ts';

const root = new URL('../', import.meta.url);
const readme = documents[0]?.text ?? '';

describe('README', () => {
  it('has at most 15 kB', () => {
    expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(15_000);
  });

  it('has npm start and npm test as its first two shell commands', () => {
    const commands = [...readme.matchAll(/```sh\n(.*?)```/gs)].flatMap((match) => (match[1] ?? '').trim().split('\n'));
    expect(commands.slice(0, 2)).toEqual(['npm start', 'npm test']);
  });

  it('lists every operation with its request and version', () => {
    const rows = Object.entries<Endpoint>(endpoints).map(([name, { method, path, since, versioned }]) => [
      `\`${name}\``,
      `\`${method} ${path}\``,
      versioned === false ? 'any' : (since ?? '1.24'),
    ]);
    expect(table('The operations', 'method').map((row) => row.slice(0, 3)).sort()).toEqual(rows.sort());
  });

  it('lists the type that each operation returns, as the client declares it', () => {
    const source = readFileSync(new URL('src/client/image-client.ts', root), 'utf8');
    const declared = [...source.matchAll(/^ {2}(?:async )?(\w+)\(.*\): (\w+(?:<.*>)?) ?[{;]$/gm)];
    for (const [method = '', , , type = ''] of table('The operations', 'method')) {
      const own = declared.filter(([, name]) => `\`${name}\`` === method).map(([, , returned = '']) => returned);
      expect(own.map((returned) => `\`${returned.replace(/^Promise<(.*)>$/, '$1')}\``), method).toContain(type);
    }
  });

  it('lists the fields of results and events, as their types declare them', () => {
    const folder = new URL('src/', root);
    const files = ['api/progress/results.ts', 'api/progress/progress-events.ts', 'client/archive-stream.ts', 'api/types/copy.ts'];
    const sources = files.map((file) => readFileSync(new URL(file, folder), 'utf8')).join('\n');
    const bodies = [...sources.matchAll(/^export interface (\w+) \{\n([^]*?)^\}/gm)].map(([, name, body = '']): [string, string] => [
      /readonly type: '(\w+)'/.exec(body)?.[1] ?? name ?? '',
      body,
    ]);
    const inline = [...sources.matchAll(/^ {2}\| (\{ readonly type: '(\w+)'.* \})/gm)].map(([, body = '', type = '']): [string, string] => [type, body]);
    const declared = new Map([...bodies, ...inline]);
    const rows = table('The operations', 'type');
    const events = rows.flatMap(([name = '']) => /^event of type `(\w+)`$/.exec(name)?.[1] ?? []);
    for (const [name = '', fields = ''] of rows) {
      const body = declared.get(/^(?:event of type )?`(\w+)`/.exec(name)?.[1] ?? '') ?? '';
      const own = [...body.matchAll(/readonly (\w+)\??:/g)].map(([, field]) => field).filter((field) => field !== 'type');
      expect(own.map((field) => `\`${field}\``).join(', '), name).toBe(fields);
    }
    expect(events.sort()).toEqual([...declared.keys()].filter((name) => /^[a-z]/.test(name)).sort());
  });

  it('lists every error in the words of its doc comment', () => {
    const source = readFileSync(new URL('src/errors.ts', root), 'utf8');
    const documented = [...source.matchAll(/\/\*\* Thrown (?:when )?(.*?)\. \*\/\nexport class (\w+)/g)];
    const rows = documented.map(([, words, name]) => [`\`${name}\``, words]).filter(([name]) => name !== '`LongshoreError`');
    expect(table('Errors')).toEqual(rows);
  });

  it('lists the files that touch the machine', () => {
    expect(table('What it touches').map(([file]) => file)).toEqual(Object.keys(effects).map((file) => `\`${file}\``));
  });

  it('lists every command with its operands, its summary and its options', async () => {
    const rows = (await loadCommands()).map(({ name, usage, summary, options }) => {
      const own = Object.entries<Options[string]>(options).filter(([option]) => option !== 'quiet'); // every command has it
      const flags = own.map(([option, { short }]) => (short === undefined ? `\`--${option}\`` : `\`-${short}\``));
      return [`\`${`${name} ${usage}`.trim()}\``, summary, flags.join(' ')];
    });
    expect(table('The command').map((row) => row.map((cell) => cell.replaceAll('\\|', '|')))).toEqual(rows);
  });

  it('lists every diagnostics channel', () => {
    const source = readFileSync(new URL('src/system/diagnostics.ts', root), 'utf8');
    const channels = [...source.matchAll(/channel\('([^']+)'\)/g)].map(([, name]) => `\`${name}\``);
    expect(table('Diagnostics').map(([channel]) => channel)).toEqual(channels);
  });

  it('lists every kind of warning', () => {
    const source = readFileSync(new URL('src/connection/diagnostics.ts', root), 'utf8');
    const kinds = [...(/readonly kind: ([^;]+);/.exec(source)?.[1] ?? '').matchAll(/'([\w-]+)'/g)].map(([, kind]) => `\`${kind}\``);
    expect(kinds.length).toBeGreaterThan(3);
    expect(table('Warnings').map(([kind]) => kind).sort()).toEqual(kinds.sort());
  });

  it('lists the engines that were recorded', () => {
    const folders = readdirSync(new URL('fixtures/tapes/', root)).sort();
    expect(table('Engines').map(([, , folder]) => folder?.replaceAll('`', '')).sort()).toEqual(folders);
  });

  it('lists the files of the audit kit', async () => {
    const kit = await makeKit();
    expect(table('Auditing').map(([file]) => file)).toEqual(kit.map(({ path }) => `\`${path}\``));
  });

  it('lists the tested runtimes and compilers with their versions', () => {
    const versionsOf = (path: string): [string, string][] => {
      const { dependencies, optionalDependencies } = JSON.parse(readFileSync(new URL(path, root), 'utf8'));
      const all = Object.entries<string>({ ...dependencies, ...optionalDependencies });
      return all.map(([name, version]) => [name, version.replace(/^npm:.*@/, '')]);
    };
    const runtimes = versionsOf('test/matrix/package.json');
    const nodes = runtimes.filter(([name]) => name.startsWith('node-')).map(([, version]) => version);
    const programs = versionsOf('test/package/package.json');
    const first = /Node (22\.\d+) and later/.exec(section('Vendoring'))?.[1]; // the first Node that runs TypeScript
    const unbuilt = nodes.filter((version) => !version.startsWith('20.'));
    const own: Readonly<Record<string, readonly string[]>> = {
      Node: nodes.filter((version) => version !== `${first}.0`),
      'Node, `src/` unbuilt': unbuilt,
      Bun: runtimes.filter(([name]) => name.includes('bun')).map(([, version]) => version),
      Deno: runtimes.filter(([name]) => name.includes('deno')).map(([, version]) => version),
      TypeScript: programs.filter(([name]) => name.startsWith('typescript-')).map(([, version]) => version),
    };
    const rows = table('Compatibility').slice(0, Object.keys(own).length);
    expect(Object.fromEntries(rows.map(([on = '', versions = '']) => [on, versions.split(', ').sort()]))).toEqual(
      Object.fromEntries(Object.entries(own).map(([on, versions]) => [on, [...versions].sort()])),
    );
    expect(unbuilt).toContain(`${first}.0`);
    const { engines } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
    expect(nodes).toContain(`${engines.node.replace('>=', '')}.0`); // the oldest supported Node is tested
  });

  it('lists the tested engines and the API versions', () => {
    const rows = new Map(table('Compatibility').map(([on = '', versions = '']) => [on, versions]));
    const live = table('Engines').filter(([, , , state]) => state !== 'not run').map(([engine]) => engine);
    const named = (rows.get('engines') ?? '').split('; ').flatMap((kind) => {
      const [first = '', ...more] = kind.split(', ');
      return [first, ...more.map((version) => `${first.split(' ')[0]} ${version}`)];
    });
    expect(named.map((name) => name.replace(' with the', ','))).toEqual(live);
    expect(rows.get('API')).toBe(`${OLDEST_API_VERSION} to ${NEWEST_API_VERSION}`);
  });

  it.each(documents)('$path names files that exist', ({ path, text }) => {
    const named = [...text.matchAll(/`((?:src|test|fixtures)\/[\w./-]+)`/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !existsSync(new URL(name, root)))).toEqual([]);
    const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? '');
    expect(linked.filter((target) => !existsSync(new URL(target, new URL(path, root))))).toEqual([]);
  });

  it('lists the calls that have a default timeout for the head of the response', () => {
    const fast = Object.entries<Endpoint>(endpoints).flatMap(([name, row]) => (row.fast ? [`\`${name}\``] : []));
    const cell = /^\| `headMs`.*\| 30,000 for (.*); otherwise none \|$/m.exec(section('Timeouts and signals'))?.[1];
    expect(cell?.split(', ').sort()).toEqual(fast.sort());
  });
});

/** `UPDATE_DOCS=1 npx vitest run --config test/vitest.config.ts test/documentation.test.ts` writes the generated tables anew. */
const UPDATE = process.env['UPDATE_DOCS'] === '1';

/** Compares a document with what `make` gives for its text; with UPDATE_DOCS=1, writes that first. */
function expectGenerated(path: string, make: (text: string) => string): void {
  const url = new URL(path, root);
  const text = readFileSync(url, 'utf8');
  if (UPDATE) writeFileSync(url, make(text));
  expect(readFileSync(url, 'utf8')).toBe(make(text));
}

describe('src/README.md', () => {
  /** An hour of reading, in lines: twenty a minute. */
  const LINES_PER_HOUR = 1200;
  const ROW = /^\| `([\w./-]+\.ts)` \| ([\d,]+) \|/gm;
  const linesOf = (file: string): number => readFileSync(new URL(`src/${file}`, root), 'utf8').split('\n').length - 1;
  const questions = section('Audit map').split('\n### ').slice(1).map((text): [string, string] => [text.split('\n')[0] ?? '', text]);

  it('answers six questions of an auditor', () => {
    expect(questions).toHaveLength(6);
  });

  it.each(questions)('names the files to read, less than an hour in all: %s', (_question, text) => {
    const files = [...text.matchAll(ROW)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(4);
    expect(files.reduce((sum, file) => sum + linesOf(file), 0)).toBeLessThanOrEqual(LINES_PER_HOUR);
  });

  // A tenth more or less does not change how long the reading takes, so that not every commit has to update the table.
  it('has about the line counts of these files; UPDATE_DOCS=1 updates them', () => {
    const isNear = (file: string, stated: string): boolean => Math.abs(Number(stated) - linesOf(file)) <= Math.max(20, linesOf(file) / 10);
    expectGenerated('src/README.md', (text) =>
      text.replace(ROW, (row, file: string, stated: string) =>
        !UPDATE && isNear(file, stated) ? row : `| \`${file}\` | ${Math.round(linesOf(file) / 10) * 10} |`,
      ),
    );
  });

  it('lists every limit and default of the library; UPDATE_DOCS=1 updates them', () => {
    const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',');
    const limits = limitsOf(readSources());
    const files = [...new Set(limits.map(({ file }) => file))];
    const rows = files.map((file) => {
      const own = limits.filter((limit) => limit.file === file);
      return `| \`${file.slice('src/'.length)}\` | ${own.map(({ name, value, unit }) => `\`${name}\` ${grouped(value)} ${unit}`).join(', ')} |\n`;
    });
    expect(rows.length).toBeGreaterThan(20);
    expectGenerated('src/README.md', (text) => text.replace(/(\| file \| limits \|\n\|---\|---\|\n)(?:\|.*\n)*/, `$1${rows.join('')}`));
  });
});

describe('the reference', () => {
  const source = new URL('src/', root);
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => /^(?!cli[\\/]).*\.ts$/.test(name));

  it.each(files)('has a doc comment for every export of src/%s', (file) => {
    const lines = readFileSync(new URL(file.replaceAll('\\', '/'), source), 'utf8').split('\n');
    const declaration = /^export (?:async )?(?:function|class|interface|type|const) \w+/;
    const bare = lines.filter((line, index) => declaration.test(line) && !lines[index - 1]?.endsWith('*/'));
    expect(bare).toEqual([]);
  });
});

describe('the table for users of other clients', () => {
  const heading = 'Coming from docker-py, dockerode or the docker command';
  const rows = table(heading);

  // The methods of docker-py 7.2's ImageApiMixin with all their arguments.
  const dockerPy = [
    'get_image(image, chunk_size)', 'history(image)', 'images(name, quiet, all, filters)',
    'import_image(src, repository, tag, image, changes, stream_src)',
    'import_image_from_data(data, repository, tag, changes)',
    'import_image_from_file(filename, repository, tag, changes)',
    'import_image_from_stream(stream, repository, tag, changes)',
    'import_image_from_url(url, repository, tag, changes)',
    'import_image_from_image(image, repository, tag, changes)', 'inspect_image(image)',
    'inspect_distribution(image, auth_config)', 'load_image(data, quiet)', 'prune_images(filters)',
    'pull(repository, tag, stream, auth_config, decode, platform, all_tags)',
    'push(repository, tag, stream, auth_config, decode)', 'remove_image(image, force, noprune)', 'search(term, limit)',
    'tag(image, repository, tag, force)',
  ];

  /** The calls in a cell: `pull(image, { tag })` as its name and the text in its parentheses. */
  const calls = (cell: string): Array<[name: string, inside: string]> =>
    [...cell.matchAll(/`(\w+)\(([^`]*)\)`/g)].map(([, name = '', inside = '']) => [name, inside]);
  const argumentsOf = (cell: string): string[] =>
    calls(cell).flatMap(([name, inside]) => (inside.match(/\w+/g) ?? []).map((argument) => `${name} ${argument}`));

  it('has every argument of every method of docker-py once', () => {
    const all = dockerPy.flatMap((signature) => argumentsOf(`\`${signature}\``));
    expect(rows.flatMap(([python = '']) => argumentsOf(python)).sort()).toEqual(all.sort());
  });

  it('has an equivalent of ours in every row, or says why there is none', () => {
    for (const [python, , , ours = ''] of rows) expect(ours, python).toMatch(/`\w+\([^`]*\)`|^none: \S/);
  });

  /** The arguments of each method before its options; methods that are not listed take a name. */
  const before: Readonly<Record<string, readonly unknown[]>> = {
    images: [],
    pruneImages: [],
    events: [],
    diskUsage: [],
    ping: [],
    version: [],
    info: [],
    tag: ['a', 'b'],
    checkAuth: ['a', { identityToken: 't' }],
    loadImage: [Buffer.of()],
    importImageFromStream: [new Blob([]).stream()],
    importImageFromUrl: ['http://h/x'],
    importImageFromData: [Buffer.of()],
  };

  /** The options of a method, from its error message for an unknown option. */
  async function optionsOf(name: string): Promise<string[]> {
    const client = new ImageClient({ host: 'unix:///nowhere.sock' });
    const method = (client as unknown as Record<string, (...given: unknown[]) => unknown>)[name];
    const call = async (): Promise<unknown> => method?.apply(client, [...(before[name] ?? ['a']), { 'no such': 1 }]);
    const message = await call().catch((error: unknown) => String(error));
    return /has no option "no such"; it has (.*)$/.exec(String(message))?.[1]?.split(', ') ?? [];
  }

  const named = rows.flatMap(([, , , ours = '']) => calls(ours));
  it.each(named)('names an existing method with existing options: %s(%s)', async (name, inside) => {
    expect(Object.getOwnPropertyNames(ImageClient.prototype)).toContain(name);
    const options = /, \{ (.*) \}$|^\{ (.*) \}$/.exec(inside)?.slice(1).find(Boolean) ?? '';
    if (inside === '{ image }') return; // the source of the import, not an option
    const keys = [...options.replace(/\{.*\}/, '').matchAll(/(\w+)(?=[,:]|$)/g)].map(([key]) => key);
    const known = await optionsOf(name);
    expect(known.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !known.includes(key))).toEqual([]);
  });

  // covers: complaint js-15
  it('shows every kind of credentials', () => {
    const shown = [...section(heading).matchAll(/credentials: \{ ([\w, ]+) \}/g)];
    const kinds = shown.map(([, members = '']) => members.split(', '));
    for (const members of kinds) {
      const credentials = Object.fromEntries(members.map((member) => [member, 'x']));
      expect(() => encodeRegistryAuth(credentials as never), members.join()).not.toThrow();
    }
    expect(new Set(kinds.flat())).toEqual(new Set(['username', 'password', 'identityToken', 'registryToken']));
    expect(section(heading)).toMatch(/credentials: \(registry\) =>[^]*credentials: 'anonymous'/);
  });
});
