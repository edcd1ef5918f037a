// Complaints about errors in a stream with status 200.

import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  ApiError, DecodeError, ProgressTotals, ServerError, UnauthorizedError, decodeJsonValues,
} from '../../src/index.ts';
import {
  engine, client, start, failure, collect, turnsUntil, lines, failed, digest, point,
} from '../support/complaint-tests.ts';

describe('errors in a stream of status 200', () => {
  point('py-2', 'A push that is denied in its stream rejects; a successful push returns digest and size.', async () => {
    let reply = lines({ status: 'Preparing', progressDetail: {}, id: 'ab' }, failed('denied: requested access'));
    await start(() => reply);
    expect(await failure(() => client.push('h:1/x'))).toBeInstanceOf(UnauthorizedError);
    reply = lines({ progressDetail: {}, aux: { Tag: 'latest', Digest: digest, Size: 528 } });
    expect(await client.push('h:1/x')).toMatchObject({ reference: 'h:1/x:latest', digest, size: 528, warnings: [] });
  });

  point('py-3', 'A load that runs out of space rejects, whichever key the engine uses.', async () => {
    const message = 'write /x: no space left on device';
    let reply = '';
    await start(() => reply);
    for (const value of [{ error: message }, { errorDetail: { message } }, failed(message)]) {
      reply = lines({ stream: 'Loading layer' }, value);
      const error = await failure(() => client.loadImage(Buffer.of(1)));
      expect(error).toMatchObject({ inStream: true, reason: 'no-space', daemonMessage: message });
    }
  });

  point('py-4', 'The status is checked before a stream begins, whatever framing the error has.', async () => {
    await start((_, response) => {
      response.statusCode = 500; // chunked, because there is no length
      response.write('{"message":');
      response.end('"broken"}');
    });
    const loading = client.loadImage(Buffer.of(1));
    expect(await failure(() => collect(loading))).toBeInstanceOf(ServerError);
    expect(await failure(() => collect(client.getImage('x')))).toMatchObject({ status: 500, daemonMessage: 'broken' });
  });

  point('py-5', 'An import that fails in its stream rejects with everything that a handler needs.', async () => {
    await start(() => lines({ status: 'Importing' }, failed('unexpected EOF')));
    const error = await failure(() => client.importImageFromData(Buffer.of(1)));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      code: 'LONGSHORE_API', status: 200, inStream: true, daemonMessage: 'unexpected EOF', method: 'POST',
      target: '/v1.55/images/create?fromSrc=-', exchange: { address: engine.host, requestSent: true },
    });
  });

  point('py-6', 'An awaited pull runs to its end without a listener, and does not begin before.', async () => {
    let finished = false;
    await start((_, response) => {
      response.on('finish', () => (finished = true));
      return lines({ status: 'Downloading', progressDetail: {}, id: 'ab' }).repeat(5000) + lines({ status: `Digest: ${digest}` });
    });
    const pulling = client.pull('x');
    await client.apiVersion();
    expect(engine.asked).toEqual([]);
    await pulling;
    await turnsUntil(() => finished); // an engine without a reader never finishes
  });

  point('js-1', 'An awaited pull resolves when it has finished, not when its response begins.', async () => {
    let response: ServerResponse | undefined;
    const begun = lines({ status: 'Pulling from library/x', id: '1' });
    await start((_, outgoing) => void (response = outgoing).write(begun));
    let resolved = false;
    const pulling = client.pull('x:1').then((result) => ((resolved = true), result));
    await turnsUntil(() => response !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(resolved).toBe(false);
    response?.end(lines({ status: `Digest: ${digest}` }, { status: 'Status: Downloaded newer image for x:1' }));
    expect(await pulling).toMatchObject({ digest, status: 'downloaded' });
  });

  point('js-5', 'A line that is not JSON rejects the call; the error has its offset and a part of it.', async () => {
    await start(() => `${lines({ status: 'ok' })}<html>oops`);
    const error = await failure(() => client.pull('x'));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error).toMatchObject({ offset: 17, exchange: { method: 'POST', address: engine.host } });
    expect((error as Error).message).toContain('<html>oops');
  });

  point('js-6', 'The decoder of JSON values is exported, and accepts bytes that are split anywhere.', async () => {
    const text = lines({ status: 'Größe 20 €' }, { status: '😀' });
    const bytes = Buffer.from(text);
    const pieces = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect(await collect(decodeJsonValues(pieces))).toEqual([{ status: 'Größe 20 €' }, { status: '😀' }]);
  });

  point('js-9', 'Progress comes as typed events, and a class adds them up to bytes and a percentage.', async () => {
    const layer = (id: string, status: string, progressDetail: object): object => ({ id, status, progressDetail });
    await start(() => lines(
      { status: 'Pulling from library/x', id: '1' },
      layer('ab', 'Pulling fs layer', {}),
      layer('ab', 'Downloading', { current: 30, total: 100 }),
      layer('ab', 'Download complete', {}),
      layer('ab', 'Pull complete', {}),
      { status: 'Status: Downloaded newer image for x:1' },
    ));
    const totals = new ProgressTotals();
    const percentages: number[] = [];
    for await (const event of client.pull('x:1')) {
      totals.take(event);
      const { percentage } = totals.snapshot();
      if (percentage !== undefined) percentages.push(percentage);
    }
    expect(totals.snapshot()).toMatchObject({ bytes: { current: 100, total: 100, totalKnown: true }, percentage: 100 });
    expect(percentages).toEqual([...percentages].sort((a, b) => a - b));
  });

  point('js-10', 'A response that is not JSON is an error with the request and the first bytes.', async () => {
    await start(() => '<html>a proxy says hello');
    const error = await failure(() => client.images());
    expect(error).toBeInstanceOf(DecodeError);
    expect(error).toMatchObject({ exchange: { method: 'GET', target: '/v1.55/images/json', address: engine.host } });
    expect((error as Error).message).toContain('<html>a proxy says hello');
  });

  it('A response of an unexpected JSON type is such an error, too (js-10).', async () => {
    let reply: object = {};
    await start(() => reply);
    expect(await failure(() => client.images())).toBeInstanceOf(DecodeError);
    reply = [];
    expect(await failure(() => client.inspectImage('x'))).toMatchObject({ exchange: { method: 'GET' } });
  });

  point('js-39', 'A pull fails in the same way, whether the engine uses the status or the stream.', async () => {
    const words = 'dial tcp 127.0.0.1:1: connect: connection refused';
    let status = 500;
    await start((_, response) => {
      response.statusCode = status; // and no Content-Type, as Podman
      return status === 500 ? { message: words } : lines(failed(words));
    });
    const byStatus = await failure(() => client.pull('x'));
    status = 200;
    const inStream = await failure(() => client.pull('x'));
    for (const error of [byStatus, inStream]) {
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ reason: 'network', daemonMessage: words });
    }
  });
});
