// longshore import: creates an image of one layer from a file system.

import { packDirectory } from '../../index.ts';
import type { ImageClient, ProgressEvent } from '../../index.ts';
import { command, UsageError } from '../command.ts';
import type { Io } from '../command.ts';
import { follow } from '../follow.ts';
import { standardInput } from '../operands.ts';
import { line } from '../printer.ts';

export const import_ = command({
  name: 'import',
  summary: 'Create an image from a folder, or from a tar of a file system',
  usage: 'FOLDER|FILE|URL|- [REF]',
  operands: [1, 2],
  completes: 'file',
  options: {
    change: { type: 'string', short: 'c', multiple: true, value: 'LINE', help: 'Apply a Dockerfile instruction; repeatable' },
    exclude: { type: 'string', multiple: true, value: 'PATTERN', help: 'Leave out matching files of the folder; repeatable' },
    message: { type: 'string', short: 'm', value: 'TEXT', help: 'Comment for the history of the image' },
    platform: { type: 'string', value: 'OS/ARCH', help: 'Platform of the image, for example linux/arm64' },
  },
  async run(call) {
    const { operands, values, io, print } = call;
    const [source = '', repository] = operands;
    if (source === '') throw new UsageError('the argument FOLDER|FILE|URL|- is empty');
    const isFolder = source !== '-' && (await io.isFolder(source));
    if (values.exclude !== undefined && !isFolder) throw new UsageError('--exclude works with a folder only');
    const packed = isFolder ? packDirectory(source, { exclude: values.exclude, mtime: mtimeOf(io) }) : undefined;
    const data = packed ?? (source === '-' ? standardInput(call, 'give FOLDER, FILE or URL') : source);
    const { change: changes, message, platform } = values;
    const options = { repository, changes, message, platform, signal: io.signal };
    const { id } = await follow((await call.client()).importImage(data, options) as ImportStream, call, repeatsId);
    if (values.json !== true) await print.text(line(id));
  },
});

/** The return type of `importImage` for every source except `{ image }`. */
type ImportStream = ReturnType<ImageClient['importImageFromFile']>;

/** Parses SOURCE_DATE_EPOCH. A malformed value must be an error: https://reproducible-builds.org/specs/source-date-epoch */
function mtimeOf({ sourceDateEpoch: text }: Io): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new UsageError(`SOURCE_DATE_EPOCH must be a number of seconds since 1970, not "${text}"`);
}

/** Whether an event only repeats the ID. Docker sends it as a headline, Podman as the status of a layer. */
function repeatsId(event: ProgressEvent): boolean {
  return (event.type === 'headline' || event.type === 'layer') && /^sha256:[0-9a-f]{64}$/.test(event.status);
}
