// A program that uses what is installed by its name, as an ES module.
import * as longshore from 'longshore';
import { isToken } from 'longshore/http/grammar';
import { ArchiveScan } from 'longshore/tar/scan-archive';
import { parseTape } from 'longshore/testing';
import { smoke } from './smoke.mjs';

if (typeof parseTape !== 'function' || typeof ArchiveScan !== 'function' || !isToken('a')) throw new Error('a subpath is wrong');
await smoke(longshore);
