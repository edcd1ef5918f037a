// No fixture contains a secret: the tapes and the configurations were made with real logins.

import { Buffer } from 'node:buffer';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { leaks, plantedWords } from './support/planted.ts';

const folder = fileURLToPath(new URL('../', import.meta.url));
const tapesBesideExamples = readdirSync(`${folder}test/examples`, { withFileTypes: true }).flatMap(({ name }) => {
  const inside = readdirSync(`${folder}test/examples/${name}`);
  return inside.filter((file) => file.endsWith('.tape')).map((file) => `${folder}test/examples/${name}/${file}`);
});
const files = readdirSync(`${folder}fixtures`, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/'))
  .concat(tapesBesideExamples);

const forbidden: ReadonlyArray<readonly [what: string, pattern: RegExp]> = [
  ['a registry login', /x-registry-(?:auth|config):(?! \[redacted\]\r?$)/im],
  ['a login', /^(?:proxy-)?authorization:(?! \[redacted\]\r?$)/im],
  ['a cookie', /^cookie:(?! \[redacted\]\r?$)/im],
  ...leaks,
  ['a path of the machine that made it', /\/(?:work|home|root|engine|\.engines)\//],
  ['a path of the machine that made it, written with %', /%2F(?:work|home|root|engine|\.engines)%2F/i],
];

/** The file as text, and what a tape holds in base64 as well. */
function textsOf(file: string): string[] {
  const text = readFileSync(file, 'latin1');
  if (!file.endsWith('.tape')) return [text];
  const blocks = text.match(/(?<=^[<>]64 [0-9]+ [0-9]+\n)(?:[A-Za-z0-9+/=]+\n)+/gm) ?? [];
  return [text, ...blocks.map((block) => Buffer.from(block, 'base64').toString('latin1'))];
}

describe('the fixtures', () => {
  it('include tapes, also those of the examples', () => {
    expect(files.filter((file) => file.endsWith('.tape')).length).toBeGreaterThan(tapesBesideExamples.length);
    expect(tapesBesideExamples.length).toBeGreaterThan(0);
  });

  it('hold no secret, and no path of the machine that made them', () => {
    const found = files.flatMap((file) => textsOf(file).flatMap((text) => {
      return forbidden.filter(([, pattern]) => pattern.test(text)).map(([what]) => `${file.slice(folder.length)} has ${what}`);
    }));
    expect(found).toEqual([]);
  });
});

describe('the scan', () => {
  const caught = (text: string): boolean => forbidden.some(([, pattern]) => pattern.test(text));

  it.each([
    'X-Registry-Auth: eyJ9\r\n',
    'x-registry-auth: [redacted]eyJ9\r\n',
    'GET / HTTP/1.1\r\nAuthorization: Basic x\r\n',
    'Cookie: a=b\r\n',
    'a secretpw',
    'open /root/x',
    'open /.engines/x',
    'GET /x?path=%2Fengine%2Fx',
  ])('catches %j', (text) => {
    expect(caught(text)).toBe(true);
  });

  it.each([0, 1, 2])('catches a password in base64 at any place in a group of three (%i)', (shift) => {
    for (const word of plantedWords) {
      expect(caught(Buffer.from(`${'{'.repeat(shift)}${word}"}`).toString('base64'))).toBe(true);
    }
  });

  it('accepts redacted values', () => {
    expect(caught('X-Registry-Auth: [redacted]\r\nHost: docker\r\n')).toBe(false);
  });
});
