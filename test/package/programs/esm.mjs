// Uses the installed package as an ES module.
import * as longshore from 'longshore';
import { isToken } from 'longshore/http/grammar';
import { ArchiveScan } from 'longshore/tar/scan-archive';
import { parseTape } from 'longshore/testing';
import { smoke } from './smoke.mjs';

if (typeof parseTape !== 'function' || typeof ArchiveScan !== 'function' || !isToken('a')) throw new Error('a subpath exports the wrong names');
await smoke(longshore);
