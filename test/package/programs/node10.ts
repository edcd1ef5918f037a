// A CommonJS program with `moduleResolution: node10`. That reads "main", "types" and "typesVersions" of package.json, but
// not "exports".
import { ImageClient } from 'longshore';
import { isToken } from 'longshore/http/grammar';
import { packTar } from 'longshore/tar/pack';
import { replayDialer } from 'longshore/testing';

export const client: ImageClient = new ImageClient({ host: 'unix:///d.sock' });
export const rest: readonly unknown[] = [isToken('a'), packTar, replayDialer];
// @ts-expect-error a host is a string
new ImageClient({ host: 1 });
// @ts-expect-error it takes a string
isToken(1);
