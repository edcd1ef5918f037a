// The library under test: what is built, or with TEST_TARGET=src the sources.

const native = process.env['TEST_TARGET'] === 'src';
const load = (name) =>
  import(new URL(`../../${native ? 'src' : 'dist'}/${name}.${native ? 'ts' : 'js'}`, import.meta.url).href);

export const { ResponseParser } = await load('http/response');
export const { JsonValueDecoder } = await load('docker/progress');
export const { ArchiveScan } = await load('tar/scan');
export const { packTar } = await load('tar/pack');
export const reference = await load('docker/reference');
export const { parseAddress } = await load('docker/address');
export const { encodeRegistryAuth } = await load('docker/auth');
export const { findCredentials, parseDockerConfig } = await load('docker/config');
export const { encodeFilters } = await load('docker/filters');
export const { ImageClient } = await load('index');
export const { parseTape, replayDialer } = await load('testing');
export const errors = await load('errors');
