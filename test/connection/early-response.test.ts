import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/config/engine-address.ts';
import { dialerFor } from '../../src/system/net/dialer.ts';
import { Kept, request } from '../support/fake-daemon.ts';
import { makeWire, wireNames } from '../support/wires.ts';

describe.each(wireNames)('over the wire %s', (wire) => {
  let server: ChildProcess;
  let folder: string;
  afterEach(async () => {
    server.kill();
    await rm(folder, { recursive: true, force: true });
  });

  describe('the response to an upload that is refused in its middle', () => {
    // covers: fault 0.7, fault 3.11.3, fault 3.13.3, complaint js-27
    it.each(['unix', 'tcp', 'tls'])('is never lost, although the engine closes at once (%s)', async (kind) => {
      folder = await mkdtemp(join(tmpdir(), 'longshore-'));
      const path = join(folder, 'd.sock');
      const script = fileURLToPath(new URL('../support/refusing-server.mjs', import.meta.url));
      server = spawn(process.execPath, [script, kind === 'unix' ? path : kind], { stdio: ['pipe', 'pipe', 'inherit'] });
      const [printed] = await once(server.stdout as NodeJS.ReadableStream, 'data');
      const address = kind === 'unix' ? `unix://${path}` : `tcp://127.0.0.1:${String(printed).trim()}`;
      const tls = kind === 'tls' ? { ca: fileURLToPath(new URL('../../fixtures/tls/ca.pem', import.meta.url)) } : undefined;
      const pool = makeWire(wire, dialerFor(parseAddress(address), { tls }));
      async function* upload(): AsyncGenerator<Uint8Array> {
        for (let i = 0; i < 1000; i++) yield Buffer.alloc(65536);
      }
      for (let round = 0; round < 30; round++) {
        const kept = new Kept();
        await pool.send(request({ method: 'POST', body: { chunks: upload() } }), kept.reader);
        expect([kept.status, kept.text]).toEqual([400, '{"message":"no thanks"}']);
      }
      pool.close();
    });
  });
});
