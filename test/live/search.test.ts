// Search. Docker asks a registry with the first version of the registry API; the test has a small one. Podman uses plain HTTP only
// with registries in its configuration, and reads their catalogue.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, ArgumentError, UnauthorizedError } from '../../src/index.ts';
import {
  ENGINE,
  LOGIN,
  PODMAN_4,
  REGISTRY,
  REGISTRY_AUTH,
  cleanUp,
  connect,
  failure,
  makeImage,
  repository,
  serve,
} from './support.ts';

const docker = connect();
afterAll(() => cleanUp(docker));

const results = ['one', 'two', 'three'].map((name, index) => ({
  name: `x/${name}`,
  description: `the ${name} größe`,
  star_count: index,
  is_official: index === 0,
  is_automated: false,
}));

let asked: Array<{ path: string; authorization: string | undefined }> = [];
let registry: { port: number; close(): void };
beforeEach(() => void (asked = []));
beforeAll(async () => {
  registry = await serve((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://registry');
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization });
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('X-Docker-Registry-Standalone', 'true');
    if (pathname === '/v1/_ping') return void response.end('{"standalone":true}');
    if (pathname !== '/v1/search') return void response.writeHead(404).end('{}');
    if (searchParams.get('q') === 'broken') return void response.writeHead(500).end('{}');
    const found = results.slice(0, Number(searchParams.get('n')));
    response.end(JSON.stringify({ query: searchParams.get('q'), num_results: found.length, results: found }));
  });
});
afterAll(() => registry.close());

const term = (text: string): string => `127.0.0.1:${registry.port}/${text}`;

describe.runIf(ENGINE.isPodman)('search on Podman', () => {
  const names = async (...[term, options]: Parameters<typeof docker.search>): Promise<string[]> =>
    (await docker.search(term, options)).map((result) => result.name);

  beforeAll(async () => {
    for (const registry of [REGISTRY, REGISTRY_AUTH]) {
      const { name } = await makeImage(docker, 'search');
      await docker.tag(name, `${registry}/${name}`);
      await docker.push(`${registry}/${name}`, { credentials: LOGIN });
    }
  });

  it('returns what the registry has, in the form of Docker', async () => {
    const found = { name: `${REGISTRY}/${repository('search')}`, description: '', star_count: 0, is_official: false };
    expect(await docker.search(`${REGISTRY}/search-`)).toContainEqual({ ...found, is_automated: false });
  });

  it('limits and filters the results', async () => {
    expect(await names(`${REGISTRY}/longshore-live/`, { limit: 1 })).toHaveLength(1);
    expect(await names(`${REGISTRY}/${repository('search')}`)).toHaveLength(1);
    expect(await names(`${REGISTRY}/${repository('search')}`, { filters: { 'is-official': true } })).toEqual([]);
    expect(await names(`${REGISTRY}/${repository('search')}`, { filters: { stars: 1 } })).toEqual([]);
    expect(await names(`${REGISTRY}/${repository('nothing')}`)).toEqual([]);
  });

  // Without a host, Podman itself would use a registry called "bitnami", and for one word all registries of its
  // configuration. If the engine has no network, its error names the registry that it tried.
  it.each(['alpine', 'bitnami/redis'])('uses the Docker Hub for %s, which has no host', async (term) => {
    const said = await docker.search(term).then((found) => found.map(({ name }) => name), (error: Error) => error.message);
    if (typeof said === 'string') expect(said).toContain('registry "docker.io"');
    else expect(said.length).toBeGreaterThan(0);
  });

  it('sends credentials only if there are any; Podman 4 drops them', async () => {
    const term = `${REGISTRY_AUTH}/${repository('search')}`;
    if (PODMAN_4) expect(await failure(docker.search(term, { credentials: LOGIN }))).toBeInstanceOf(UnauthorizedError);
    else expect(await names(term, { credentials: LOGIN })).toEqual([term]);
    expect(await failure(docker.search(term))).toBeInstanceOf(UnauthorizedError);
  });
});

describe.skipIf(ENGINE.isPodman)('search on Docker', () => {
  it('returns what the registry finds', async () => {
    expect(await docker.search(term('x'))).toEqual(results.map((result) => expect.objectContaining(result)));
    expect(asked.map(({ path }) => path)).toContain('/v1/search?q=x&n=25');
  });

  it('sends a term with any characters', async () => {
    await docker.search(term('a b&c=größe'));
    const { path = '' } = asked.at(-1) ?? {};
    expect(new URL(path, 'http://registry').searchParams.get('q')).toBe('a b&c=größe');
  });

  it('limits', async () => {
    expect(await docker.search(term('x'), { limit: 2 })).toHaveLength(2);
    expect(asked.at(-1)?.path).toBe('/v1/search?q=x&n=2');
    expect(await docker.search(term('x'), { limit: 1 })).toHaveLength(1);
  });

  it('filters', async () => {
    const names = async (filters: Record<string, string | number | boolean>): Promise<string[]> =>
      (await docker.search(term('x'), { filters })).map((result) => result.name);
    expect(await names({ 'is-official': true })).toEqual(['x/one']);
    expect(await names({ 'is-official': false })).toEqual(['x/two', 'x/three']);
    expect(await names({ stars: 2 })).toEqual(['x/three']);
    expect(await names({ stars: 3 })).toEqual([]);
  });

  it('sends credentials only if there are any', async () => {
    const credentials = { username: 'searcher', password: 'pässword' };
    await docker.search(term('x'), { credentials });
    const basic = `Basic ${Buffer.from('searcher:pässword').toString('base64')}`;
    expect(asked.at(-1)).toEqual({ path: '/v1/search?q=x&n=25', authorization: basic });
    await docker.search(term('x'));
    expect(asked.at(-1)).toEqual({ path: '/v1/search?q=x&n=25', authorization: undefined });
  });

  it('is an ApiError if the registry fails', async () => {
    expect(await failure(docker.search(term('broken')))).toBeInstanceOf(ApiError);
  });
});

describe('search', () => {
  it('rejects an empty term before anything is sent', async () => {
    expect(await failure(docker.search(''))).toBeInstanceOf(ArgumentError);
    expect(asked).toEqual([]);
  });
});
