import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeCall, encodeTarget } from '../../src/api/encode-call.ts';
import type { Endpoint, Requirement, Parameter } from '../../src/api/parameters.ts';
import { endpoints } from '../../src/api/endpoints.ts';
import type { OperationName } from '../../src/api/endpoints.ts';
import { compareVersions } from '../../src/api/api-version.ts';
import { VersionError } from '../../src/errors.ts';

/** What documents list a thing, and what they say of it. */
interface Listed {
  readonly first: string;
  readonly last: string;
  /** By the document that says so first; 1.24 says nothing of types. */
  readonly types?: Readonly<Record<string, string>>;
  /** Of a parameter that filters. */
  readonly keys?: Readonly<Record<string, Listed>>;
}
interface Call {
  readonly operation: OperationName;
  readonly image?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}
interface ListedOperation extends Listed {
  readonly query: Readonly<Record<string, Listed>>;
  readonly headers?: Readonly<Record<string, Listed>>;
}

const fixture = new URL('../../fixtures/api/parameters.json', import.meta.url);
const { documents, operations }: {
  documents: { first: string; last: string };
  operations: Record<string, ListedOperation>;
} = JSON.parse(readFileSync(fixture, 'utf8'));

const rows = Object.entries(endpoints) as [OperationName, Endpoint][];
const requestOf = ({ method, path }: Endpoint): string => `${method} ${path.replace('{image}', '{name}')}`;
const listedOf = (row: Endpoint): ListedOperation | undefined => operations[requestOf(row)];

/**
 * Where the table and the documents differ, each with what shows that the table is right.
 *
 *   subject    an operation; `?` a query parameter of one; `#` a header of one
 *   documents  the versions that list it; `-` none
 *   table      the versions that we send it to; `-` none
 *   evidence
 */
const exceptions: ReadonlyArray<readonly [subject: string, documents: string, table: string, evidence: string]> = [
  ['GET /images/{name}/get', '1.24', '-', 'getImage asks for one as for many: /images/get?names= has all of it'],
  ['HEAD /_ping', '1.40', '-', 'no row: the engine sends it without a version, and GET where that is not answered'],

  ['images?digests', '1.24', '-', 'dockerd ignores it; Podman 4.3 and 5.8 answer 200 and nothing (podman#29210)'],
  ['images?filter', '1.24 only', '-', 'filters.reference is the same; Docker 29 ignores this at 1.40 and 1.41'],

  ['pull?fromSrc', '1.24', '-', 'of an import'],
  ['pull?repo', '1.24', '-', 'of an import'],
  ['pull?message', '1.39', '-', 'of an import'],
  ['pull?changes', '1.40', '-', 'of an import'],
  ['importImage?fromImage', '1.24', '-', 'of a pull'],
  ['importImage?tag', '1.24', '-', 'goes inside `repo`, which all heed: Podman 4.3 ignores `tag` and tags :latest'],
  ['importImage?message', '1.39', '1.24', 'listed late: no daemon that knows it has a gate'],
  ['importImage?changes', '1.40', '1.24', 'listed late: Docker 20.10 refuses a bad one at /v1.17, too'],
  ['importImage#X-Registry-Auth', '1.24', '-', 'of a pull: an import asks no registry'],

  ['search#X-Registry-Auth', '-', '1.24', 'in no document, and read by every daemon'],
  ['inspectDistribution#X-Registry-Auth', '-', '1.30', 'in no document: Docker 20.10 and 28.5 answer 401 to a bad one'],
];

/** `1.24`, or `1.24 only`, or `1.24 to 1.30`, or `-`. */
function versionsOf(listed: Listed | undefined): string {
  if (listed === undefined) return '-';
  if (listed.last === documents.last) return listed.first;
  return listed.first === listed.last ? `${listed.first} only` : `${listed.first} to ${listed.last}`;
}

/** The same of a row, or of a parameter of it: it can be sent from the later of both on. */
function versionsOfRow(row: Endpoint, parameter: Requirement = {}): string {
  const since = [documents.first, row.since, parameter.since].filter((version) => version !== undefined);
  const until = parameter.until ?? row.until;
  const first = since.sort(compareVersions).at(-1) ?? '';
  return until === undefined ? first : `${first} until ${until}`;
}

/** All that the documents or the table have: what, the documents' versions, the table's. */
function* everything(): Generator<[subject: string, documents: string, table: string]> {
  const requests = new Set(rows.map(([, row]) => requestOf(row)));
  for (const [request, listed] of Object.entries(operations)) {
    if (!requests.has(request)) yield [request, versionsOf(listed), '-'];
  }
  for (const [name, row] of rows) {
    const listed = listedOf(row);
    yield [name, versionsOf(listed), versionsOfRow(row)];
    const parameters = new Map(Object.values(row.parameters).map((parameter) => [parameter.wire, parameter]));
    for (const wire of new Set([...Object.keys(listed?.query ?? {}), ...parameters.keys()])) {
      const parameter = parameters.get(wire);
      const table = parameter === undefined ? '-' : versionsOfRow(row, parameter);
      yield [`${name}?${wire}`, versionsOf(listed?.query[wire]), table];
    }
    const isSent = row.credentials !== undefined;
    for (const header of new Set([...Object.keys(listed?.headers ?? {}), ...(isSent ? ['X-Registry-Auth'] : [])])) {
      yield [`${name}#${header}`, versionsOf(listed?.headers?.[header]), isSent ? versionsOfRow(row) : '-'];
    }
  }
}

describe('the endpoint table', () => {
  it('has every operation, parameter and header of the documents with its version, and nothing else', () => {
    expect(documents).toEqual({ first: '1.24', last: '1.56' });
    const differences = [...everything()].filter(([, listed, table]) => listed !== table);
    expect(differences.sort()).toEqual(exceptions.map(([subject, listed, table]) => [subject, listed, table]).sort());
  });

  it('names each parameter as in the query, except for the hyphen', () => {
    const camelCase = (wire: string): string => wire.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    for (const [name, { parameters }] of rows) {
      expect(Object.keys(parameters), name).toEqual(Object.values(parameters).map(({ wire }) => camelCase(wire)));
    }
  });
});

const platforms = ['linux/arm64', 'linux/amd64'];
const platformsJson = ['{"architecture":"arm64","os":"linux"}', '{"architecture":"amd64","os":"linux"}'];

describe('a parameter', () => {
  /** Repeatable in the documents, and sent once. */
  const once: Record<string, string> = {
    'diskUsage?type': 'images alone are asked for',
    'imageAttestations?platform': 'the documents say: one only is accepted, for now',
  };
  const textual = ['pull?platform', 'importImage?platform'];

  /** Something to send as a string, and the string. */
  function stringOf(subject: string, wire: string): readonly [value: unknown, sent: string | undefined] {
    if (wire === 'platform') return [platforms[0], textual.includes(subject) ? platforms[0] : platformsJson[0]];
    if (wire === 'filters') return [{ dangling: true }, '{"dangling":["true"]}'];
    if (wire === 'since' || wire === 'until') return [new Date(1500), '1.5'];
    return ['x', 'x'];
  }

  const parameters = rows.flatMap(([name, row]) =>
    Object.values<Parameter<any>>(row.parameters).map((parameter): [string, Parameter<any>, [string, string][]] => {
      const types = listedOf(row)?.query[parameter.wire]?.types ?? {};
      return [`${name}?${parameter.wire}`, parameter, Object.entries(types)];
    }),
  );

  it.each(parameters)('%s is sent as the type in the documents', (subject, { wire, encode, kind: _, ...gate }, types) => {
    const type = types.at(-1)?.[1];
    if (type === 'array' && once[subject] === undefined) {
      expect(encode(wire.startsWith('platform') ? platforms : ['a', 'b'])).toEqual(
        wire.startsWith('platform') ? platformsJson : ['a', 'b'],
      );
    } else if (type === 'boolean') {
      // Of what is gated, false asks for nothing.
      expect([true, false].map(encode)).toEqual([['1'], Object.keys(gate).length > 0 ? [] : ['0']]);
    } else if (type === 'integer') {
      expect(encode(7)).toEqual(['7']);
    } else {
      const [value, sent] = stringOf(subject, wire);
      expect(encode(value)).toEqual([sent]);
    }
  });

  it.each(parameters)('%s has a requirement for several values if it became a list later', (_, parameter, [, later]) => {
    const several = parameter.conditional?.when(platformsJson) === true ? parameter.conditional.since : undefined;
    expect(several).toBe(later?.[1] === 'array' ? later[0] : undefined);
  });
});

describe('the check of requirements', () => {
  const platform = platforms[0];

  /**
   * Requirements that engines were seen to have: a value that is refused where it is understood was sent one version below the
   * requirement and at it, to Docker 28.5 and 29.7 with the containerd store, and where a comment says so, to others.
   *
   *   call, the error's subject, the last version that lacks it, the first that has it
   */
  const observed: ReadonlyArray<readonly [call: Call, subject: string, below: string, at: string]> = [
    [{ operation: 'inspectImage', image: 'a', args: { platform } }, 'inspectImage.platform', '1.48', '1.49'],
    [{ operation: 'inspectImage', image: 'a', args: { manifests: true } }, 'inspectImage.manifests', '1.47', '1.48'],
    [{ operation: 'images', args: { manifests: true } }, 'images.manifests', '1.46', '1.47'],
    [{ operation: 'images', args: { manifests: true, identity: true } }, 'images.identity', '1.53', '1.54'],
    [{ operation: 'images', args: { sharedSize: true } }, 'images.sharedSize', '1.41', '1.42'],
    [{ operation: 'history', image: 'a', args: { platform } }, 'history.platform', '1.47', '1.48'],
    [{ operation: 'push', image: 'a', args: { platform } }, 'push.platform', '1.45', '1.46'],
    [{ operation: 'getImage', args: { names: ['a'], platform } }, 'getImage.platform', '1.47', '1.48'],
    [{ operation: 'getImage', args: { names: ['a'], platform: platforms } }, 'getImage.platform', '1.51', '1.52'],
    [{ operation: 'loadImage', args: { platform } }, 'loadImage.platform', '1.47', '1.48'],
    [{ operation: 'loadImage', args: { platform: platforms } }, 'loadImage.platform', '1.51', '1.52'],
    [{ operation: 'removeImage', image: 'a', args: { platforms } }, 'removeImage.platforms', '1.49', '1.50'],
    [{ operation: 'imageAttestations', image: 'a' }, 'imageAttestations', '1.54', '1.55'],
    // Docker 20.10
    [{ operation: 'pull', args: { fromImage: 'a', platform } }, 'pull.platform', '1.31', '1.32'],
    [{ operation: 'importImage', args: { fromSrc: '-', platform } }, 'importImage.platform', '1.31', '1.32'],
    // Docker 26.1, and 29.7
    [{ operation: 'diskUsage', args: { type: 'image' } }, 'diskUsage.type', '1.41', '1.42'],
    [{ operation: 'diskUsage', args: { verbose: true } }, 'diskUsage.verbose', '1.51', '1.52'],
    // Docker 20.10 has these in any version, later ones say "requires minimum API version": the documents' versions
    [{ operation: 'inspectDistribution', image: 'a' }, 'inspectDistribution', '1.29', '1.30'],
    [{ operation: 'pruneImages' }, 'pruneImages', '1.24', '1.25'],
    // not observed: the documents' version
    [{ operation: 'diskUsage' }, 'diskUsage', '1.24', '1.25'],
  ];

  it.each(observed)('%j: %s is refused at %s and sent at %s', (call, subject, below, at) => {
    expect(refusal(call, below)).toMatchObject({ subject, needed: at, spoken: below });
    expect(refusal(call, at)).toBeUndefined();
  });

  it('accepts at 1.24 what engines support in every version', () => {
    // Docker 20.10 heeds the first at /v1.17, the second at /v1.23, and the third at /v1.22.
    const calls: Call[] = [
      { operation: 'importImage', args: { fromSrc: '-', changes: ['CMD x'], message: 'x' } },
      { operation: 'search', args: { term: 'a', limit: 1, filters: { stars: 1 } } },
      { operation: 'loadImage', args: { quiet: false } },
    ];
    expect(calls.map((call) => refusal(call, '1.24'))).toEqual(calls.map(() => undefined));
  });

  it('has no other versions than these', () => {
    const needed = rows.flatMap(([name, row]) => [
      ...(row.since === undefined ? [] : [`${name} ${row.since}`]),
      ...Object.entries<Requirement>(row.parameters).flatMap(([parameter, { since, conditional }]) =>
        [since, conditional?.since].flatMap((version) => (version === undefined ? [] : [`${name}.${parameter} ${version}`])),
      ),
    ]);
    expect(needed.sort()).toEqual(observed.map(([, subject, , at]) => `${subject} ${at}`).sort());
  });
});

/** The `VersionError` that a call is met with, or undefined. */
function refusal(call: Call, version: string): VersionError | undefined {
  try {
    encodeTarget(encodeCall(call.operation, call.args, call.image), { version });
    return undefined;
  } catch (error) {
    if (error instanceof VersionError) return error;
    throw error;
  }
}

describe('filters', () => {
  /** Keys that no document lists as an item, and some engine heeds. */
  const unlisted: Partial<Record<OperationName, readonly string[]>> = {
    images: ['label!', 'id'], // Docker's containerd store; Podman
    pruneImages: ['label!'], // in the running text of the documents, from 1.30 on
  };

  const filtered = rows.filter(([, { parameters }]) => 'filters' in parameters);

  it.each(filtered)('of %s are sent unchanged, whatever the key', (operation, row) => {
    const documented = Object.keys(listedOf(row)?.query['filters']?.keys ?? {});
    expect(documented.length).toBeGreaterThan(2);
    for (const key of [...documented, ...(unlisted[operation] ?? [])]) {
      const filters = { [key]: ['a=b', 'c,d', 'é&'] };
      const target = encodeTarget(encodeCall(operation, { filters }), { version: '1.55' });
      const sent = new URL(target, 'http://docker').searchParams.getAll('filters');
      expect(sent.map((text) => JSON.parse(text))).toEqual([filters]);
    }
  });
});
