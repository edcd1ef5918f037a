// The context store. The docker command made fixtures/config/lab.

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkContextName, contextPaths, parseContext } from '../../src/config/docker-context.ts';
import type { StoredContext } from '../../src/config/docker-context.ts';
import { ConfigError } from '../../src/errors.ts';

const lab = 'fixtures/config/lab';
const parsed = (text: string): StoredContext => parseContext(Buffer.from(text), '/x/meta.json');

describe('a context name', () => {
  it.each(['ab', 'a.b+c_d-1', '1-', 'default', 'A'.repeat(200)])('may be %s', (name) => {
    expect(() => checkContextName(name, 'DOCKER_CONTEXT')).not.toThrow();
  });

  it.each(['', 'a', '.a', '-a', '_a', '../lab', 'a/b', 'a b', 'lab\n', 'lab\0', 'läb', 'a\u202eb'])('must not be %j', (name) => {
    expect(() => checkContextName(name, 'DOCKER_CONTEXT')).toThrow(ConfigError);
    expect(() => checkContextName(name, 'DOCKER_CONTEXT')).toThrow(/^DOCKER_CONTEXT: "[^\p{C}]*" is not a context name/u);
  });
});

describe('the context store', () => {
  const names = ['lab', 'ca-only', 'skip', 'plain', 'over-ssh', 'sock', 'a.b+c_d-1'];
  it.each(names)('has the context %s at the path that the docker command uses', async (name) => {
    const { meta } = await contextPaths(lab, name);
    expect(parseContext(readFileSync(meta), meta).name).toBe(name);
  });

  it.each([
    ['lab', ['ca.pem', 'cert.pem', 'key.pem']],
    ['ca-only', ['ca.pem']],
    ['sock-tls', ['ca.pem']],
  ])('has the TLS files of %s in the folder that the docker command uses', async (name, files) => {
    const { tlsFolder } = await contextPaths(lab, name);
    for (const file of files) expect(existsSync(`${tlsFolder}/${file}`)).toBe(true);
  });
});

describe('a meta.json', () => {
  const meta = async (name: string): Promise<StoredContext> =>
    parseContext(readFileSync((await contextPaths(lab, name)).meta), 'x');

  it('is read as the docker command writes it', async () => {
    expect(await meta('lab')).toEqual({
      name: 'lab', description: "The lab's engine", host: 'tcp://lab.example:2376', skipTlsVerify: false,
    });
    expect(await meta('skip')).toMatchObject({ host: 'tcp://skip.example:2376', skipTlsVerify: true });
    expect(await meta('no-host')).toMatchObject({ host: undefined });
  });

  it('has member names in any case, except those of endpoints, as in Go', () => {
    const text = '{"name":"n","ENDPOINTS":{"docker":{"hOST":"tcp://h:1","skiptlsverify":true}}}';
    expect(parsed(text)).toMatchObject({ name: 'n', host: 'tcp://h:1', skipTlsVerify: true });
    expect(() => parsed('{"Name":"n","Endpoints":{"Docker":{"Host":"tcp://h:1"}}}')).toThrow('no endpoint for docker');
  });

  it('may contain other endpoints and members, and null where Go keeps the zero value', () => {
    const kubernetes = '{"kubernetes":{"Host":5},"docker":{"Host":"unix:///x","SkipTLSVerify":null,"New":{}}}';
    const text = `{"Name":"n","Metadata":{"StackOrchestrator":"swarm"},"Endpoints":${kubernetes}}`;
    expect(parsed(text)).toEqual({ name: 'n', description: undefined, host: 'unix:///x', skipTlsVerify: false });
    expect(parsed('{"Metadata":null,"Endpoints":{"docker":{"Host":null}}}')).toMatchObject({ host: undefined });
  });

  it.each([
    ['', 'is not JSON'],
    ['{"Name":"n","Endpoints":{"docker":{"Host":"tcp://hunter2', 'is not JSON'],
    ['\ufeff{"Endpoints":{"docker":{}}}', 'byte order mark'],
    ['[]', 'is JSON, but not an object'],
    ['null', 'is JSON, but not an object'],
    ['{}', 'no endpoint for docker'],
    ['{"Endpoints":{"kubernetes":{}}}', 'no endpoint for docker'],
    ['{"Endpoints":[]}', '"Endpoints" must be an object'],
    ['{"Endpoints":{"docker":null}}', '"Endpoints.docker" must be an object'],
    ['{"Endpoints":{"docker":{"Host":["hunter2"]}}}', '"Host" must be a string'],
    ['{"Endpoints":{"docker":{"SkipTLSVerify":"hunter2"}}}', '"SkipTLSVerify" must be true or false'],
  ])('is rejected if it is %j: %s', (text, words) => {
    expect(() => parsed(text)).toThrow(ConfigError);
    expect(() => parsed(text)).toThrow(/^\/x\/meta\.json((?!hunter2).)*$/);
    expect(() => parsed(text)).toThrow(words);
  });
});
