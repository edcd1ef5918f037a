// The functions of the subpaths `http/*` and `tar/*` with values that their types forbid: an error of ours, or a result.

import { describe, expect, it } from 'vitest';
import { LongshoreError } from '../../src/errors.ts';
import { Fields, parseFieldLine } from '../../src/http/fields.ts';
import { contentFraming, isPersistent } from '../../src/http/content-framing.ts';
import * as grammar from '../../src/http/grammar.ts';
import { encodeChunkSize, encodeRequestHead } from '../../src/http/request-encoder.ts';
import { ResponseParser } from '../../src/http/response-parser.ts';
import { encodeHeader, fitsLinkname, fitsPath, parseHeader } from '../../src/tar/header.ts';
import { packTar } from '../../src/tar/pack.ts';
import { parsePaxRecords, paxRecord, paxRecords } from '../../src/tar/pax.ts';
import { ArchiveScan } from '../../src/tar/scan-archive.ts';
import { Tail } from '../../src/tar/trailing-message.ts';
import { TAPE_LIMIT, encodeTape, parseTape, recorder, replayDialer } from '../../src/testing.ts';

const revoked = Proxy.revocable({}, {});
revoked.revoke();
const odd: readonly unknown[] = [
  undefined, null, 0, -1, Number.NaN, 5, 1.5, 5n, '', 'x', true, [], [null], {}, Symbol('s'), () => {}, new Date(0), new Map(),
  new Proxy({}, { get() { throw new Error('a trap'); }, has() { throw new Error('a trap'); }, getPrototypeOf() { throw new Error('a trap'); } }),
  revoked.proxy, Object.create(null), { get method() { throw new Error('a getter'); }, get path() { throw new Error('a getter'); } },
  { toString() { throw new Error('toString'); } },
];
class Refused extends LongshoreError {
  constructor() {
    super('REFUSED', 'refused');
  }
}
const fail = (): never => {
  throw new Refused();
};
const head = { method: 'GET', status: 200, minorVersion: 1, fields: new Fields() };
const header = { path: 'a', typeflag: '0', mode: 0, uid: 0, gid: 0, size: 0, mtime: 0, linkname: '', devmajor: 0, devminor: 0 };
const tapeHeader = { engine: 'Docker', version: '1', command: 'x', date: '2026-01-31' };
const dialer = { address: 'x', dial: async () => Promise.reject(new Error('no')) };

/** Each function, with valid arguments. */
const functions: Readonly<Record<string, readonly [call: (...given: any[]) => unknown, ...good: unknown[]]>> = {
  ...Object.fromEntries(Object.entries(grammar).map(([name, call]) => [name, [call, 'x']])),
  Fields: [(lines) => new Fields(lines), []],
  'Fields.append': [(name, value) => new Fields().append(name, value), 'a', 'b'],
  'Fields.get': [(name) => new Fields().get(name), 'a'],
  'Fields.list': [(name) => new Fields().list(name), 'a'],
  parseFieldLine: [parseFieldLine, 'a: b', fail],
  contentFraming: [contentFraming, head, fail],
  isPersistent: [isPersistent, head, { kind: 'none' }],
  encodeRequestHead: [encodeRequestHead, { method: 'GET', target: '/', fields: [] }],
  encodeChunkSize: [encodeChunkSize, 5],
  ResponseParser: [(method) => new ResponseParser(method), 'GET'],
  'ResponseParser.receive': [(bytes) => new ResponseParser('GET').receive(bytes), Buffer.from('x')],
  fitsPath: [fitsPath, 'a'],
  fitsLinkname: [fitsLinkname, 'a'],
  encodeHeader: [encodeHeader, new Uint8Array(512), 0, header],
  parseHeader: [parseHeader, new Uint8Array(512)],
  packTar: [packTar, []],
  paxRecord: [paxRecord, 'a', 'b'],
  paxRecords: [paxRecords, header],
  parsePaxRecords: [parsePaxRecords, new Uint8Array(0)],
  'ArchiveScan.push': [(view) => new ArchiveScan().push(view), new Uint8Array(0)],
  'Tail.keep': [(view) => new Tail().keep(view), new Uint8Array(0)],
  parseTape: [parseTape, Buffer.from('longshore tape 1\nengine: a\nversion: 1\ncommand: x\ndate: y\n\n')],
  encodeTape: [encodeTape, { header: tapeHeader, records: [] }],
  replayDialer: [replayDialer, { header: tapeHeader, records: [] }, {}],
  recorder: [recorder, dialer, tapeHeader, () => {}],
};

describe.each(Object.entries(functions))('%s', (_, [call, ...good]) => {
  it('accepts valid arguments', () => {
    expect(() => call(...good)).not.toThrow();
    expect(TAPE_LIMIT).toBeGreaterThan(0);
  });

  it('accepts odd values in every place, or rejects them with an error of ours', () => {
    for (const place of good.keys()) {
      for (const [index, value] of odd.entries()) {
        const given = good.with(place, value);
        try {
          call(...given);
        } catch (error) {
          expect.soft(error instanceof LongshoreError, `${place}, ${index}: ${String((error as Error).stack)}`).toBe(true);
        }
      }
    }
  });
});
