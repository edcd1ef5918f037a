// longshore save: writes images to an archive and verifies the archive while it is written.

import { ArgumentError } from '../../index.ts';
import type { ArchiveResult, LayerInventory, SaveProgress } from '../../index.ts';
import { command, UsageError } from '../command.ts';
import type { Io } from '../command.ts';
import { systemText } from '../operands.ts';
import { line, shortList } from '../printer.ts';
import { showTransfer } from '../show-transfer.ts';
import { platformsOption } from '../shared-options.ts';
import { humanSize } from '../table.ts';

export const save = command({
  name: 'save',
  summary: 'Save images to an archive: a file or standard output',
  usage: 'IMAGE...',
  operands: [1, Infinity],
  completes: 'image',
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', help: 'Archive; compressed if named .gz, .tgz or .zst' },
    ...platformsOption,
    'without-layers-of': { type: 'string', value: 'FILE', help: 'Leave out layers; FILE: longshore layers' },
    verify: {
      type: 'string',
      value: 'LEVEL',
      choices: ['structure', 'digests', 'none'],
      help: 'digests also checks hashes; default: structure',
    },
  },
  async run({ operands, values, io, print, client }) {
    const path = values.output === '-' ? undefined : values.output;
    if (path === undefined && (io.stdout.isTerminal || values.json === true)) {
      throw new UsageError(`cannot write an archive to ${values.json === true ? 'standard output with --json' : 'a terminal'}: give -o FILE`);
    }
    const compress = path === undefined ? undefined : compressionFor(path);
    const verify = values.verify === 'none' ? false : (values.verify as 'structure' | 'digests' | undefined);
    const { 'without-layers-of': file } = values;
    const without = file === undefined ? undefined : await inventoryIn(file, io);
    // With an inventory, there can be only one platform; several are refused.
    const platform = without !== undefined && values.platform?.length === 1 ? values.platform[0] : values.platform;
    const docker = await client();
    const archive = namingFile(file, () => docker.getImage(operands, { platform, verify, without, signal: io.signal }));
    const transfer = (onProgress?: (state: SaveProgress) => void): Promise<ArchiveResult> => {
      return path === undefined ? archive.each(counted((view) => io.stdout.write(view), onProgress)) : archive.toFile(path, { compress, onProgress });
    };
    const result = await (values.quiet === true || values.json === true ? transfer() : showTransfer('Saving', io, transfer));
    if (values.json === true) await print.json({ path, ...result });
    else if (values.quiet !== true) await io.stderr.write(whatWasSaved(path, result, file));
  },
});

/** The ends of names, and the compression that they promise. */
const COMPRESSIONS = [[/\.t?gz$/i, 'gzip'], [/\.t?zst$/i, 'zstd'], [/\.t?xz$/i, 'xz'], [/\.(?:t?bz2|tbz)$/i, 'bzip2']] as const;

/** How a file is compressed, by the end of its name. */
function compressionFor(path: string): 'gzip' | 'zstd' | undefined {
  const program = COMPRESSIONS.find(([end]) => end.test(path))?.[1];
  if (program === 'xz' || program === 'bzip2') throw new UsageError(`cannot write ${program}: give a name in .tar, .gz or .zst, or write to a pipe: longshore save IMAGE | ${program} > ${path}`);
  return program;
}

/** Reads the output of `longshore layers`; `getImage` checks what is in it. */
async function inventoryIn(path: string, io: Io): Promise<LayerInventory> {
  const text = await io.readText(path).catch((error: Error) => {
    throw new UsageError(`cannot read the inventory ${path}: ${systemText(error)}`);
  });
  try {
    return JSON.parse(text) as LayerInventory;
  } catch {
    throw new UsageError(`the inventory ${path} is not JSON: make it with longshore layers > ${path}`);
  }
}

const WRONG_INVENTORY = 'getImage: options.without: ';

/** Runs `open`, and puts the name of the file into an error about the inventory. */
function namingFile<Result>(file: string | undefined, open: () => Result): Result {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof ArgumentError && error.message.startsWith(WRONG_INVENTORY))) throw error;
    throw new UsageError(`cannot use the inventory ${file}: ${error.message.slice(WRONG_INVENTORY.length)}`);
  }
}

type Write = (view: Uint8Array) => Promise<void>;

/** Returns a write function that also reports the number of written bytes. */
function counted(write: Write, onProgress: (state: SaveProgress) => void = () => {}): Write {
  let bytes = 0;
  return (view) => {
    bytes += view.length;
    onProgress({ bytes, total: undefined });
    return write(view);
  };
}

function whatWasSaved(path: string | undefined, { bytes, fileBytes, entries, references, verified }: ArchiveResult, inventory: string | undefined): string {
  const size = fileBytes === undefined ? humanSize(bytes) : `${humanSize(fileBytes)}, compressed from ${humanSize(bytes)}`;
  const saved = `saved ${path === undefined ? '' : `${path}: `}${size}`;
  if (entries === undefined) return line(`${saved}, not verified`);
  const complete = inventory === undefined ? 'complete' : `complete but for the layers in ${inventory}`;
  const lines = [`${saved}, verified: ${entries} entries, ${complete}${verified === undefined ? '' : `; ${humanSize(verified.bytes)} match their digests`}`];
  if (references !== undefined) lines.push(`  ${references.length === 0 ? NO_NAMES : `names: ${shortList(references)}`}`);
  const { unverified = [], absent = [] } = verified ?? {};
  if (unverified.length > 0) lines.push(`  without a digest: ${few(unverified)}`);
  if (absent.length > 0) lines.push(`  listed in the archive, but not on this engine: ${few(absent)}`);
  return lines.map(line).join('');
}

const NO_NAMES = 'no names: a load of it gives images that have only IDs. To keep a name, save the image by that name';

/** Lists at most five files, by name only, because their folders are long digests. */
function few(paths: readonly string[]): string {
  const names = [...new Set(paths.map((path) => path.slice(path.lastIndexOf('/') + 1)))];
  return `${paths.length} ${paths.length === 1 ? 'file' : 'files'}: ${shortList(names)}`;
}
