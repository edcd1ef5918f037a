import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Endpoint } from '../../src/api/parameters.ts';
import { endpoints } from '../../src/api/endpoints.ts';
import type { AuthResult, InfoResult } from '../../src/api/types/engine.ts';
import type { ImageIdentity } from '../../src/api/types/identity.ts';
import type { ImageConfig, ImageInspect, ImageSummary, RemoveItem } from '../../src/api/types/image.ts';
import type { Descriptor, ImageManifestSummary } from '../../src/api/types/manifest.ts';
import { readSearchResults } from '../../src/api/normalize.ts';
import type { PlatformObject } from '../../src/api/platform.ts';
import { compareVersions } from '../../src/api/api-version.ts';
import { engines, recordedExchanges, tapesOf } from '../support/recorded.ts';
import type { Recorded } from '../support/recorded.ts';

/** The operations that answer what an interface of `src/api/types/*.ts` describes. */
const replies: Readonly<Record<string, string>> = {
  version: 'VersionResult',
  info: 'InfoResult',
  checkAuth: 'AuthResult',
  events: 'readonly ImageEvent[]',
  images: 'readonly ImageSummary[]',
  inspectImage: 'ImageInspect',
  history: 'readonly HistoryItem[]',
  removeImage: 'readonly RemoveItem[]',
  pruneImages: 'PruneResult',
  search: 'readonly SearchResult[]',
  inspectDistribution: 'DistributionInspect',
  imageAttestations: 'readonly ImageAttestation[]',
};

/** Lists that an engine may say null for: the client gives `[]`, which `test/api/normalize.test.ts` holds. */
const nullLists = new Set([
  'ImageSummary.RepoTags', // Podman 4.3 and 5.4
  'ImageSummary.RepoDigests', // Docker 20.10
  'HistoryItem.Tags', // every Docker, of a step without names
  'PruneResult.ImagesDeleted', // every Docker
]);

/** What Podman says of a search instead; the client puts it in Docker's words before it is compared here. */
const podmanSearchKeys = ['Automated', 'Description', 'Index', 'Name', 'Official', 'Stars', 'Tag'];

/** Answers written by hand that have only what the client reads: the image store. */
const excerpts = ['documents info'];

interface Field {
  readonly type: string;
  readonly isOptional: boolean;
  readonly since: string | undefined;
  readonly until: string | undefined;
}

/** An interface; an open one has more fields than it names. */
interface Declared {
  readonly fields: Map<string, Field>;
  isOpen: boolean;
}

/** The interfaces of a source, which has a field a line. */
function readInterfaces(file: string): [name: string, Declared][] {
  const found: [string, Declared][] = [];
  let comment = '';
  for (const line of readFileSync(new URL(`../../src/api/types/${file}`, import.meta.url), 'utf8').split('\n')) {
    const [, name] = /^export interface (\w+) \{$/.exec(line) ?? [];
    if (name !== undefined) found.push([name, { fields: new Map(), isOpen: false }]);
    const declared = found.at(-1)?.[1];
    const [, quoted, plain = '', optional, type = ''] = /^ {2}readonly (?:'(.+)'|(\w+))(\?)?: (.+);$/.exec(line) ?? [];
    if (declared !== undefined && line.startsWith('  readonly [')) declared.isOpen = true;
    if (declared !== undefined && type !== '') {
      const since = /@since API ([\d.]+)/.exec(comment)?.[1];
      const until = /@until API ([\d.]+)/.exec(comment)?.[1];
      declared.fields.set(quoted ?? plain, { type, isOptional: optional !== undefined, since, until });
    }
    comment = /^ +(\/\*)?\*/.test(line) ? comment + line : '';
  }
  return found;
}

const files = ['image.ts', 'manifest.ts', 'identity.ts', 'engine.ts', '../platform.ts'];
const interfaces = new Map(files.flatMap(readInterfaces));

/** With what an answer was asked for, and of whom. */
interface Context {
  readonly version: string | undefined;
  readonly isPodman: boolean;
}

type Faults = Generator<string>;

/** All in which a value is not of one of these types. */
function* faults(type: string, value: unknown, place: string, context: Context): Faults {
  const alternatives = type.split(' | ');
  const likely = alternatives.find((each) => (each === 'null') === (value === null) && each !== 'undefined') ?? '';
  const [, item] = /^readonly (.+)\[\]$/.exec(likely) ?? [];
  const [, items] = /^\(readonly \[(.+)\]\)$/.exec(likely) ?? [];
  const [, entry] = /^Readonly<Record<string, (.+)>>$/.exec(likely) ?? [];
  const declared = interfaces.get(likely);
  if (isSimple(alternatives, likely, value) || (value === null && nullLists.has(place))) return;
  if (item !== undefined && Array.isArray(value)) {
    for (const each of value) yield* faults(item, each, `${place}[]`, context);
  } else if (items !== undefined && Array.isArray(value)) {
    for (const [index, each] of items.split(', ').entries()) yield* faults(each, value[index], place, context);
  } else if (entry !== undefined && isObject(value)) {
    for (const each of Object.values(value)) yield* faults(entry, each, `${place}{}`, context);
  } else if (declared !== undefined && isObject(value)) {
    yield* faultsOfObject(likely, declared, value, context);
  } else {
    yield `${place} is ${JSON.stringify(value)?.slice(0, 40)} and should be ${type}`;
  }
}

/** Whether it is a value of a primitive type, or one of the literals. */
function isSimple(alternatives: readonly string[], likely: string, value: unknown): boolean {
  if (likely.startsWith("'")) return alternatives.includes(`'${String(value)}'`);
  return alternatives.includes('unknown') || (likely === 'null' && value === null) || likely === typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function* faultsOfObject(name: string, declared: Declared, value: Record<string, unknown>, context: Context): Faults {
  for (const key of Object.keys(value)) {
    if (!declared.isOpen && !declared.fields.has(key)) yield `${name}.${key} is not declared`;
  }
  for (const [key, field] of declared.fields) {
    const place = `${name}.${key}`;
    if (Object.hasOwn(value, key)) {
      yield* faults(field.type, value[key], place, context);
      yield* faultsOfVersion(field, place, context);
    } else if (!field.isOptional) {
      yield `${place} is missing`;
    }
  }
}

function* faultsOfVersion({ since, until }: Field, place: string, { version, isPodman }: Context): Faults {
  if (version === undefined || isPodman) return;
  if (since !== undefined && compareVersions(version, since) < 0) yield `${place} is there already at ${version}`;
  if (until !== undefined && compareVersions(version, until) >= 0) yield `${place} is there still at ${version}`;
}

/** The operation whose request this is. */
function operationOf({ method, target }: Recorded): string | undefined {
  const path = target.replace(/^\/v[\d.]+(?=\/)/, '').replace(/\?.*/, '');
  const rows = Object.entries<Endpoint>(endpoints).filter(([, row]) => row.method === method);
  const exact = rows.find(([, row]) => row.path === path);
  const pattern = (row: Endpoint): RegExp => new RegExp(`^${row.path.replace('{image}', '.+')}$`);
  return (exact ?? rows.find(([, row]) => pattern(row).test(path)))?.[0];
}

/** What an answer has, as the interface has it; the client does the same to it. */
function valueOf(operation: string, answer: Recorded): unknown {
  const lines = answer.body.toString().split('\n').filter((line) => line.trim() !== '');
  if (operation === 'events') return lines.map((line) => JSON.parse(line));
  const value = answer.json();
  if (operation === 'search') return readSearchResults(value);
  return value ?? []; // Docker 28.5's containerd store has null for an empty history
}

/** Every answer that was recorded of an engine and that an interface describes. */
function recordedReplies(engine: string): [operation: string, answer: Recorded][] {
  const answers = tapesOf(engine).flatMap(([, tape]) => recordedExchanges(tape));
  return answers
    .filter(({ status }) => status === 200)
    .map((answer): [string, Recorded] => [operationOf(answer) ?? '', answer])
    .filter(([operation]) => Object.hasOwn(replies, operation) && !excerpts.includes(`${engine} ${operation}`));
}

describe.each(engines())('what %s answers', (engine) => {
  const answers = recordedReplies(engine);
  const operations = [...new Set(answers.map(([operation]) => operation))].sort();

  it.each(operations)('to %s is as its interface says, key by key', (operation) => {
    const found = new Set<string>();
    for (const [, answer] of answers.filter(([name]) => name === operation)) {
      const version = /^\/v([\d.]+)\//.exec(answer.target)?.[1];
      const context = { version, isPodman: answer.fields.has('libpod-api-version') };
      const value = valueOf(operation, answer);
      for (const fault of faults(replies[operation] ?? '', value, operation, context)) found.add(fault);
    }
    expect([...found]).toEqual([]);
  });

  it('to a search has the keys of Docker or those of Podman', () => {
    const found = answers.filter(([operation]) => operation === 'search').flatMap(([, answer]) => answer.json());
    const keys = found.filter((item) => !Object.hasOwn(item, 'name')).map((item) => Object.keys(item).sort());
    expect(keys.filter((each) => each.some((key: string) => !podmanSearchKeys.includes(key)))).toEqual([]);
  });
});

describe('the interfaces', () => {
  it('agree with recorded responses, except for members newer than these', () => {
    const recorded = new Set(engines().flatMap((engine) => recordedReplies(engine).map(([operation]) => operation)));
    const missing = Object.keys(replies).filter((operation) => !recorded.has(operation));
    expect(['imageAttestations']).toEqual(expect.arrayContaining(missing)); // API 1.55
  });

  it('have optional members for what some version lacks', () => {
    expect(interfaces.size).toBeGreaterThan(30);
    for (const [name, { fields }] of interfaces) {
      expect(fields.size, name).toBeGreaterThan(0);
      for (const [key, { isOptional, since, until }] of fields) {
        expect(isOptional || (since === undefined && until === undefined), `${name}.${key}`).toBe(true);
      }
    }
  });

  // Each observed one version below and at it, on Docker 26.1, 28.5 and 29.7 (containerd store).
  it.each([
    ['ImageSummary.VirtualSize', 'until', '1.44'],
    ['ImageSummary.Manifests', 'since', '1.47'],
    ['ImageSummary.Descriptor', 'since', '1.48'],
    ['ImageManifestImage.Identity', 'since', '1.54'],
    ['ImageInspect.Container', 'until', '1.45'],
    ['ImageInspect.ContainerConfig', 'until', '1.45'],
    ['ImageInspect.Manifests', 'since', '1.48'],
    ['ImageInspect.Identity', 'since', '1.53'],
  ] as const)('%s is marked @%s API %s', (place, mark, version) => {
    const [name = '', key = ''] = place.split('.');
    expect(interfaces.get(name)?.fields.get(key)?.[mark]).toBe(version);
  });

  it('report a response of another type', () => {
    const context = { version: '1.55', isPodman: false };
    const item = { Id: 'x', Created: '1', CreatedBy: '', Tags: ['a', 1], Comment: '', Else: 0, Size: null };
    expect([...faults('readonly HistoryItem[]', [item], 'history', context)]).toEqual([
      'HistoryItem.Else is not declared',
      'HistoryItem.Created is "1" and should be number',
      'HistoryItem.Tags[] is 1 and should be string',
      'HistoryItem.Size is null and should be number',
    ]);
    expect([...faults('ImageInspect', { Container: '', Manifests: [{ Kind: 'x' }] }, 'inspect', context)]).toEqual(
      expect.arrayContaining([
        'ImageInspect.Id is missing',
        'ImageInspect.Container is there still at 1.55',
        `ImageManifestSummary.Kind is "x" and should be 'image' | 'attestation' | 'unknown'`,
      ]),
    );
    const early = { ...context, version: '1.47' };
    const platform = { os: 'linux', architecture: 1, 'os.version': '1' };
    const descriptor = { mediaType: '', digest: '', size: 1, platform, annotations: { a: 1 } };
    expect([...faults('ImageSummary', { RepoTags: null, Descriptor: descriptor }, 'image', early)].slice(-3)).toEqual([
      'Descriptor.annotations{} is 1 and should be string',
      'PlatformObject.architecture is 1 and should be string',
      'ImageSummary.Descriptor is there already at 1.47',
    ]);
  });

  it('are read as the compiler reads them', () => {
    expectTypeOf<ImageSummary['RepoTags']>().toEqualTypeOf<readonly string[]>();
    expectTypeOf<ImageSummary['Manifests']>().toEqualTypeOf<readonly ImageManifestSummary[] | undefined>();
    expectTypeOf<ImageManifestSummary['Kind']>().toEqualTypeOf<'image' | 'attestation' | 'unknown'>();
    expectTypeOf<ImageManifestSummary['Descriptor']>().toEqualTypeOf<Descriptor>();
    expectTypeOf<NonNullable<ImageManifestSummary['ImageData']>['Platform']>().toEqualTypeOf<PlatformObject>();
    expectTypeOf<ImageInspect['ContainerConfig']>().toEqualTypeOf<ImageConfig | null | undefined>();
    expectTypeOf<ImageInspect['Identity']>().toEqualTypeOf<ImageIdentity | null | undefined>();
    expectTypeOf<AuthResult['IdentityToken']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<InfoResult['Anything']>().toBeUnknown();
    expectTypeOf<RemoveItem>().toEqualTypeOf<{ readonly Untagged?: string; readonly Deleted?: string }>();
  });
});
