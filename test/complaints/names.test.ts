// Complaints about names, parameters and lists.

import { describe, expect } from 'vitest';
import { ArgumentError, BadRequestError, ImageClient, InvalidReferenceError, VersionError } from '../../src/index.ts';
import { engine, client, start, failure, sent, lines, digest, point } from '../support/complaint-tests.ts';

describe('names, parameters and lists', () => {
  point('py-24', 'A reference is parsed once: every digest is accepted, a tag given twice must be the same.', async () => {
    const sha512 = `sha512:${'b'.repeat(128)}`;
    await start(() => lines({ aux: { Digest: digest } }));
    await client.pull(`x@${sha512}`);
    await client.push('h:1/x:1', { tag: '1' });
    expect(await failure(() => client.push('h:1/x:1', { tag: '2' }))).toBeInstanceOf(ArgumentError);
    expect(sent()).toEqual([
      `POST /v1.55/images/create?fromImage=docker.io/library/x&tag=${sha512}`,
      'POST /v1.55/images/h:1/x/push?tag=1',
    ]);
  });

  point('py-25', 'No name leads to another endpoint, and redirects are never followed.', async () => {
    await start((_, response) => void response.writeHead(301, { Location: '/v1.55/containers/x/json' }).end());
    for (const name of ['../containers/x', 'a/../../x', '%2e%2e/containers/x', 'a//b', 'a?b', 'a#b', 'a b']) {
      expect(await failure(() => client.inspectImage(name)), name).toBeInstanceOf(InvalidReferenceError);
      expect(await failure(() => client.removeImage(name)), name).toBeInstanceOf(InvalidReferenceError);
    }
    expect(engine.asked).toEqual([]);
    expect(await failure(() => client.inspectImage('x'))).toMatchObject({ status: 301 });
    expect(engine.asked).toHaveLength(1);
  });

  point('py-26', 'Newer parameters exist, and are rejected before a byte is sent to an older engine.', async () => {
    const platform = 'linux/arm64';
    const wire = '={"architecture":"arm64","os":"linux"}';
    // the last version without it, the call, how it is sent
    const newer: Array<[string, (docker: ImageClient) => PromiseLike<unknown>, string]> = [
      ['1.45', (docker) => docker.push('h:1/x', { platform }), `platform${wire}`],
      ['1.47', (docker) => docker.history('x', { platform }), `platform${wire}`],
      ['1.47', (docker) => docker.getImage('x', { platform }).each(() => {}), `platform${wire}`],
      ['1.47', (docker) => docker.loadImage(Buffer.of(1), { platform }), `platform${wire}`],
      ['1.48', (docker) => docker.inspectImage('x', { platform }), `platform${wire}`],
      ['1.49', (docker) => docker.removeImage('x', { platforms: [platform], force: true }), `platforms${wire}`],
      ['1.41', (docker) => docker.images({ sharedSize: true }), 'shared-size=1'],
      ['1.54', (docker) => docker.imageAttestations('x'), '/images/x/attestations'],
    ];
    await start((_, response) => ((response.statusCode = 400), { message: 'enough' }));
    for (const [last, call, sentAs] of newer) {
      await using older = new ImageClient({ host: engine.host, version: last });
      if (last !== '1.41') expect(await failure(() => call(older)), sentAs).toBeInstanceOf(VersionError);
      const before = engine.asked.length;
      expect(await failure(() => call(client))).toBeInstanceOf(BadRequestError);
      expect(sent().slice(before).join(), last).toContain(sentAs);
    }
    expect(engine.asked).toHaveLength(newer.length);
  });

  point('py-30', 'A list is one request, so images that change meanwhile do not matter.', async () => {
    await start(() => [{ Id: digest, RepoTags: ['a:1'] }, { Id: `${digest}0`, RepoTags: [] }]);
    expect(await client.images({ all: true })).toHaveLength(2);
    expect(sent()).toEqual(['GET /v1.55/images/json?all=1']);
  });

  point('py-31', 'A prune of all unused images sends the filter with its intended meaning.', async () => {
    await start(() => ({ ImagesDeleted: null, SpaceReclaimed: 0 }));
    const pruned = await client.pruneImages({ filters: { dangling: [false] } });
    expect(pruned).toEqual({ ImagesDeleted: [], SpaceReclaimed: 0 });
    await client.pruneImages();
    expect(sent()).toEqual(['POST /v1.55/images/prune?filters={"dangling":["false"]}', 'POST /v1.55/images/prune']);
  });

  point('js-38', 'A platform is a text or an object, and is rejected if the version lacks it.', async () => {
    await start(() => ({ Id: digest, status: `Digest: ${digest}`, Os: 'linux', Architecture: 'arm' }));
    await client.pull('x', { platform: 'linux/arm/v7' });
    await client.pull('x', { platform: { os: 'linux', architecture: 'arm', variant: 'v7' } });
    expect(new Set(sent().filter((line) => line.startsWith('POST'))).size).toBe(1);
    await using old = new ImageClient({ host: engine.host, version: '1.31' });
    const error = await failure(() => old.pull('x', { platform: 'linux/arm/v7' }));
    expect(error).toBeInstanceOf(VersionError);
    expect((error as Error).message).toContain('pull.platform needs API version 1.32, but version 1.31 is in use');
  });

  point('js-50', 'An unknown option is rejected by the types, and at run time.', async () => {
    await start(() => []);
    const calls: Array<(docker: ImageClient) => unknown> = [
      // @ts-expect-error this option does not exist
      (docker) => docker.pull('x', { typo: 1 }),
      // @ts-expect-error it is called `signal`
      (docker) => docker.images({ abortSignal: new AbortController().signal }),
      // @ts-expect-error it is called `credentials`
      (docker) => docker.push('x', { authconfig: 'no' }),
      // @ts-expect-error a number where a flag is needed
      (docker) => docker.removeImage('x', { force: 1 }),
    ];
    for (const call of calls) expect(await failure(() => call(client))).toBeInstanceOf(ArgumentError);
    expect(engine.asked).toEqual([]);
  });

  point('js-51', 'Lengths are counted in bytes, and parts of a URL are escaped once.', async () => {
    await start(({ method }) => (method === 'GET' ? [] : { Status: 'Login Succeeded', IdentityToken: '' }));
    await client.checkAuth('docker.io', { username: 'ü', password: '€😀' });
    const { headers, body } = engine.asked[0] ?? expect.unreachable('nothing was asked');
    expect(headers['content-length']).toBe(String(body.length));
    expect(JSON.parse(body.toString())).toMatchObject({ username: 'ü', password: '€😀' });
    await client.images({ filters: { label: 'a=%2F é+&' } });
    const query = new URL(`http://h${engine.asked[1]?.target}`).searchParams;
    expect([...query]).toEqual([['filters', '{"label":["a=%2F é+&"]}']]);
  });
});
