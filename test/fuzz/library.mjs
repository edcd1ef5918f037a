// The library under test: the build, or the sources with TEST_TARGET=src.

const native = process.env['TEST_TARGET'] === 'src';
const load = (name) =>
  import(new URL(`../../${native ? 'src' : 'build'}/${name}.${native ? 'ts' : 'js'}`, import.meta.url).href);

export const { ResponseParser } = await load('http/response-parser');
export const { JsonValueDecoder } = await load('api/progress/json-stream');
export const { ArchiveScan } = await load('tar/scan-archive');
export const { packTar } = await load('tar/pack');
export const reference = await load('api/reference');
export const { parseAddress } = await load('config/engine-address');
export const { encodeRegistryAuth } = await load('api/credentials');
export const { findCredentials, parseDockerConfig } = await load('config/stored-credentials');
export const { encodeFilters } = await load('api/filters');
export const { ImageClient } = await load('index');
export const { parseTape, replayDialer } = await load('testing');
export const errors = await load('errors');
