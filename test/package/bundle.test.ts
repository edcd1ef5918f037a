// The published bundle: it has all of the source, each file once, and a class is the same class from every entry.

import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { planted } from '../support/planted.ts';
import { bundledFiles, regionsOf } from '../support/regions.ts';

const root = new URL('../../', import.meta.url);
const files = bundledFiles();
const regions = [...files.values()].flatMap(regionsOf);
const load = (name: string): Promise<any> => import(/* @vite-ignore */ new URL(`dist/${name}.js`, root).href);
/** What tsc makes of a source file. */
const compiled = (source: string): string => readFileSync(new URL(`build/${source.replace(/\.ts$/, '.js')}`, root), 'utf8');

const sources = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => compiled(name).replace(/^\/\/.*$|\/\*[^]*?\*\/|^export \{\};$/gm, '').trim() !== ''); // else it has only types

it('has a region for each source file with code, and no code twice', () => {
  expect(regions.map(({ source }) => source).sort()).toEqual(sources.sort());
});

it('has no code of the bundler', () => {
  expect([...files].filter(([, text]) => text.includes('rolldown')).map(([name]) => name)).toEqual([]);
});

it('has no chunk without code of its own, because each file takes time to load', () => {
  const chunks = [...files].filter(([name]) => name.startsWith('chunks/'));
  expect(chunks.filter(([, text]) => regionsOf(text).length === 0).map(([name]) => name)).toEqual([]);
});

it('imports only files that it has', () => {
  const missing = [...files].flatMap(([name, text]) => {
    const imported = [...text.matchAll(/(?:\bfrom |\bimport\()"(\.[^"]+)"/g)].map(([, path = '']) => new URL(path, `file:///${name}`).pathname.slice(1));
    return imported.filter((path) => !files.has(path)).map((path) => `${name}: ${path}`);
  });
  expect(missing).toEqual([]);
});

it('has the line comments of the source, each in the region of its file', () => {
  const lost = regions.flatMap(({ source, code }) => {
    const comments = compiled(source).match(/(?<=^\s*|^(?!\s*\*).*[;{,] )\/\/ .*/gm) ?? [];
    return comments.filter((comment) => !code.includes(comment)).map((comment) => `${source}: ${comment}`);
  });
  expect(lost).toEqual([]);
});

it('is not minified: it keeps the names of functions and classes', () => {
  const lost = regions.flatMap(({ source, code }) => {
    const names = [...compiled(source).matchAll(/^(?:export )?(?:async )?(?:function\*?|class) (\w+)/gm)].map(([, name = '']) => name);
    return names.filter((name) => !new RegExp(`(?:function\\*?|var) ${name}\\b`).test(code)).map((name) => `${source}: ${name}`);
  });
  expect(lost).toEqual([]);
});

it('loads no sockets with longshore/http/* and longshore/tar/*', () => {
  const importsOf = (name: string): string[] => {
    const found = [...(files.get(name) ?? '').matchAll(/^(?:import|export) .*?from "([^"]+)";$/gm)].map(([, from = '']) => from);
    return found.flatMap((from) => (from.startsWith('.') ? importsOf(new URL(from, `file:///${name}`).pathname.slice(1)) : [from]));
  };
  for (const name of files.keys()) if (/^(?:http|tar)\//.test(name)) expect([...new Set(importsOf(name))], name).toEqual(['node:buffer']);
});

it('has one class for all entries', async () => {
  const [longshore, testing, { ResponseParser }, { packTar }] = await Promise.all(['index', 'testing', 'http/response-parser', 'tar/pack'].map(load));
  const parser = new ResponseParser('GET');
  parser.receive(Buffer.from('no status line\r\n\r\n'));
  expect(() => parser.next()).toThrow(longshore['ProtocolError']);
  expect(() => testing['parseTape']('no tape')).toThrow(longshore['ArgumentError']);
  expect(packTar).toBe(longshore['packTar']);
});

it('takes credentials of one entry in a client with a dialer of another', async () => {
  const [{ ImageClient, Secret, UnauthorizedError }, { parseTape, replayDialer }] = await Promise.all(['index', 'testing'].map(load));
  const tape = parseTape(readFileSync(new URL('fixtures/tapes/docker-28.5/auth-local-wrong.tape', root)));
  const docker = new ImageClient({ dialer: replayDialer(tape) });
  const credentials = { username: 'u', password: new Secret(planted.password) };
  await expect(docker.checkAuth('127.0.0.1:5001', credentials)).rejects.toBeInstanceOf(UnauthorizedError);
  docker.close();
});
