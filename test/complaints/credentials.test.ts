// Complaints about credentials.

import { describe, expect } from 'vitest';
import { ArgumentError, ImageClient, encodeRegistryAuth } from '../../src/index.ts';
import { engine, client, start, failure, lines, login, digest, point } from '../support/complaint-tests.ts';
import type { Asked } from '../support/fake-engine.ts';

describe('credentials', () => {
  point('py-33', 'Credentials of a call take precedence over those of the client.', async () => {
    await start(() => lines({ aux: { Digest: digest } }), { credentials: { identityToken: 'of the client' } });
    await client.push('h:1/x', { credentials: login });
    await client.push('h:1/x', { credentials: 'anonymous' });
    await client.push('h:1/x');
    const expected = [login, 'anonymous', { identityToken: 'of the client' }] as const;
    expect(engine.asked.map(({ headers }) => headers['x-registry-auth'])).toEqual(
      expected.map((credentials) => encodeRegistryAuth(credentials, 'h:1')),
    );
  });

  point('py-36', 'Every member of credentials is sent; a member that engines would ignore is rejected.', async () => {
    const decoded = JSON.parse(Buffer.from(encodeRegistryAuth({ identityToken: 't' }, 'h:1'), 'base64').toString());
    expect(decoded).toEqual({ identitytoken: 't', serveraddress: 'h:1' });
    const both = { username: 'u', password: 'p', identityToken: 't' };
    expect(await failure(() => encodeRegistryAuth(both))).toBeInstanceOf(ArgumentError);
  });

  point('js-14', 'Every call to a registry has the credentials, in one header and nowhere else.', async () => {
    const asks: Record<string, (docker: ImageClient) => PromiseLike<unknown>> = {
      pull: (docker) => docker.pull('h:1/x', { credentials: login }),
      push: (docker) => docker.push('h:1/x', { credentials: login }),
      importImageFromImage: (docker) => docker.importImageFromImage('h:1/x', { credentials: login }),
      inspectDistribution: (docker) => docker.inspectDistribution('h:1/x', { credentials: login }),
      search: (docker) => docker.search('h:1/x', { credentials: login }),
    };
    const isList = ({ method, target }: Asked): boolean => method === 'GET' && !target.includes('/distribution');
    await start((asked) => (isList(asked) ? [] : { Id: digest, Descriptor: { digest }, aux: { Digest: digest } }), { credentials: login });
    for (const [name, ask] of Object.entries(asks)) {
      await ask(client);
      const { headers, target } = engine.asked.at(-1) ?? expect.unreachable(name);
      expect(headers['x-registry-auth'], name).toBe(encodeRegistryAuth(login, 'h:1'));
      expect(JSON.stringify({ ...headers, target, 'x-registry-auth': '' }), name).not.toContain('hunter2');
    }
    const before = engine.asked.length;
    await client.images();
    await client.history('h:1/x');
    expect(engine.asked).toHaveLength(before + 2);
    for (const { headers } of engine.asked.slice(before)) expect(headers).not.toHaveProperty('x-registry-auth');
  });
});
