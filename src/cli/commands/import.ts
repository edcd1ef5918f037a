// longshore import: a file system becomes an image of one layer.

import { packDirectory } from '../../index.ts';
import type { ImageClient, ProgressEvent } from '../../index.ts';
import { command, UsageError } from '../command.ts';
import type { Io } from '../command.ts';
import { follow } from '../follow.ts';
import { standardInput } from '../operands.ts';
import { line } from '../printer.ts';

export const import_ = command({
  name: 'import',
  summary: 'Make an image of a file system: a folder, or a tar of one',
  usage: 'FOLDER|FILE|URL|- [REF]',
  operands: [1, 2],
  completes: 'file',
  options: {
    change: { type: 'string', short: 'c', multiple: true, value: 'LINE', help: 'A Dockerfile line; may be repeated' },
    exclude: { type: 'string', multiple: true, value: 'PATTERN', help: 'Not what is so called in the folder; may be repeated' },
    message: { type: 'string', short: 'm', value: 'TEXT', help: 'What the history will say of it' },
    platform: { type: 'string', value: 'OS/ARCH', help: 'What it is for, as in linux/arm64' },
  },
  async run(call) {
    const { operands, values, io, print } = call;
    const [source = '', repository] = operands;
    if (source === '') throw new UsageError('FOLDER|FILE|URL|- is empty');
    const isFolder = source !== '-' && (await io.isFolder(source));
    if (values.exclude !== undefined && !isFolder) throw new UsageError('--exclude is for folders');
    const packed = isFolder ? packDirectory(source, { exclude: values.exclude, mtime: mtimeOf(io) }) : undefined;
    const data = packed ?? (source === '-' ? standardInput(call, 'give FOLDER, FILE or URL') : source);
    const { change: changes, message, platform } = values;
    const options = { repository, changes, message, platform, signal: io.signal };
    const { id } = await follow((await call.client()).importImage(data, options) as ImportStream, call, saysId);
    if (values.json !== true) await print.text(line(id));
  },
});

/** What `importImage` gives for all but `{ image }`. */
type ImportStream = ReturnType<ImageClient['importImageFromFile']>;

/** https://reproducible-builds.org/specs/source-date-epoch: a malformed one is to fail. */
function mtimeOf({ sourceDateEpoch: text }: Io): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new UsageError(`SOURCE_DATE_EPOCH is "${text}", and no number of seconds since 1970`);
}

/** Docker says the id as a headline, Podman as the status of a layer. */
function saysId(event: ProgressEvent): boolean {
  return (event.type === 'headline' || event.type === 'layer') && /^sha256:[0-9a-f]{64}$/.test(event.status);
}
