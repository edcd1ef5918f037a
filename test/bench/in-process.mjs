// What is measured without any engine: packing tar archives, and decoding JSON that comes in small pieces.
import { spawnSync } from 'node:child_process';

const content = Buffer.alloc(1024, 'content ');
const pathOf = (at) => `d${at % 100}/file-${at}`;
const time = new Date(0);

/** Each packs `count` files of 1 KiB and hands on the archive's bytes. */
const packers = {
  async longshore(count, see) {
    const { packTar } = await import('../../dist/index.js');
    const entries = function* () {
      for (let at = 0; at < count; at++) yield { path: pathOf(at), content };
    };
    for await (const block of packTar(entries())) see(block);
  },
  async 'tar-stream'(count, see) {
    const { pack } = (await import('tar-stream')).default;
    const archive = pack();
    const ended = (async () => {
      for await (const block of archive) see(block);
    })();
    for (let at = 0; at < count; at++) {
      await new Promise((resolve, reject) =>
        archive.entry({ name: pathOf(at), mtime: time }, content, (e) => (e ? reject(e) : resolve())),
      );
    }
    archive.finalize();
    await ended;
  },
  // Its Pack takes files or entries that were read; entries out of memory are made as its own tests make them.
  async 'node-tar'(count, see) {
    const { Header, Pack, ReadEntry } = await import('tar');
    const archive = new Pack({ portable: true });
    const ended = new Promise((resolve, reject) => archive.on('data', see).on('end', resolve).on('error', reject));
    for (let at = 0; at < count; at++) {
      const entry = new ReadEntry(
        new Header({ path: pathOf(at), size: content.length, mode: 0o644, type: 'File', mtime: time }),
      );
      const full = archive.add(entry);
      entry.end(content);
      if (full === false) await new Promise((resolve) => archive.once('drain', resolve));
    }
    archive.end();
    await ended;
  },
};

async function pack({ program, entries, check }, measured) {
  const [, packer] = program;
  await packers[packer](20_000, () => {}); // importing and compiling are not what is measured
  const blocks = [];
  let bytes = 0;
  const result = await measured(() =>
    packers[packer](entries, check ? (block) => blocks.push(Buffer.from(block)) : (block) => (bytes += block.length)),
  );
  if (!check) return { ...result, count: bytes > entries * 1536 ? entries : 0 };
  const { stdout } = spawnSync('tar', ['-tf', '-'], { input: Buffer.concat(blocks), encoding: 'utf8' });
  return { ...result, count: stdout.trim().split('\n').length };
}

/** One value of `kib` KiB in pieces of 64 bytes; by JSON.parse, in one piece, for comparison. */
async function value({ program, kib }, measured) {
  const [, decoder] = program;
  const text = Buffer.from(JSON.stringify({ status: 'x', aux: { text: 'a "quoted" {text} é '.repeat((kib * 1024) / 23) } }));
  const pieces = [];
  for (let at = 0; at < text.length; at += 64) pieces.push(text.subarray(at, at + 64));
  const { decodeJsonValues } = await import('../../dist/index.js');
  return measured(async () => {
    if (decoder === 'JSON.parse') return JSON.parse(text.toString()).aux.text.length > 0 ? 1 : 0;
    let count = 0;
    for await (const found of decodeJsonValues(pieces)) if (found.aux.text.length > 0) count++;
    return count;
  });
}

export const measure = (run, measured) => ({ pack, value })[run.program[0]](run, measured);
