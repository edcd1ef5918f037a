// Differences between the documents of the Engine API and the engines.

import { describe, expect } from 'vitest';
import { ArgumentError, BadRequestError, DecodeError, InvalidReferenceError } from '../../src/index.ts';
import { engine, client, start, failure, collect, sent, lines, digest, point } from '../support/complaint-tests.ts';

describe('differences between documents and engines', () => {
  point('api-2', 'A push names its tag apart from the repository, where every engine finds it.', async () => {
    await start(() => lines({ aux: { Digest: digest } }));
    await client.push('h:1/a:2');
    expect(sent()).toEqual(['POST /v1.55/images/h:1/a/push?tag=2']);
  });

  point('api-4', 'A list never requests digests; an empty response is an error, not an empty list.', async () => {
    await start(() => '');
    expect(await failure(() => client.images({ digests: true } as object))).toBeInstanceOf(ArgumentError);
    expect(engine.asked).toEqual([]);
    expect(await failure(() => client.images())).toBeInstanceOf(DecodeError);
  });

  point('api-6', 'The message and the changes of an import are sent to an engine of any version.', async () => {
    await start(() => lines({ status: digest }), { version: '1.24' });
    await client.importImageFromData(Buffer.of(1), { message: 'm', changes: ['CMD a'] });
    expect(sent()).toEqual(['POST /v1.24/images/create?fromSrc=-&message=m&changes=CMD+a']);
  });

  point('api-7', 'A list by name is a filter by reference on every version.', async () => {
    await start(() => [], { version: '1.24' });
    await client.images({ name: 'a/*' });
    expect(sent()).toEqual(['GET /v1.24/images/json?filters={"reference":["a/*"]}']);
  });

  point('api-9', 'A filter that only some engines support is sent; the error of the others is reported.', async () => {
    await start((_, response) => ((response.statusCode = 400), { message: "invalid filter 'label!'" }));
    const error = await failure(() => client.images({ filters: { 'label!': 'a=b' } }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ daemonMessage: "invalid filter 'label!'" });
    expect(sent()).toEqual(['GET /v1.55/images/json?filters={"label!":["a=b"]}']);
  });

  point('api-11', 'A tag needs a repository, and a status other than 201 is an error.', async () => {
    await start((_, response) => void response.writeHead(200).end());
    expect(await failure(() => client.tag('a', ''))).toBeInstanceOf(InvalidReferenceError);
    expect(engine.asked).toEqual([]);
    expect(await failure(() => client.tag('a', 'b'))).toMatchObject({ code: 'LONGSHORE_API', status: 200 });
  });

  point('api-12', 'An empty response to a search is an error, not an empty list.', async () => {
    await start(() => '');
    expect(await failure(() => client.search('x', { limit: -1 }))).toBeInstanceOf(DecodeError);
  });

  point('api-18', 'Events are read in the same way with every content type.', async () => {
    const event = { Type: 'image', Action: 'tag', Actor: { ID: digest, Attributes: {} }, time: 1, timeNano: 1e9 };
    let type = '';
    await start((_, response) => (response.setHeader('Content-Type', type), lines(event, event)));
    for (type of ['application/json', 'application/x-ndjson', 'application/jsonl', 'text/plain']) {
      expect(await collect(client.events({ until: 2 })), type).toEqual([event, event]);
    }
  });

  point('api-20', 'A removal of platforms is not sent to an engine that would remove the whole image.', async () => {
    await start(() => [], { newest: '1.49' });
    const error = await failure(() => client.removeImage('a', { platforms: ['linux/arm64'], force: true }));
    expect(error).toMatchObject({ subject: 'removeImage.platforms', needed: '1.50', spoken: '1.49' });
    expect(engine.asked).toEqual([]);
  });
});
