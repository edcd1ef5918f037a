// The measurements without an engine: packing tar archives, and decoding JSON that comes in small pieces.
import { spawnSync } from 'node:child_process';

const content = Buffer.alloc(1024, 'content ');
const pathOf = (at) => `d${at % 100}/file-${at}`;
const time = new Date(0);

/** Each packs `count` files of 1 KiB and passes the bytes of the archive on. */
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
  // Its Pack accepts files or parsed entries; entries in memory are made as in its own tests.
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
  await packers[packer](20_000, () => {}); // importing and compiling are not measured
  const blocks = [];
  let bytes = 0;
  const result = await measured(() =>
    packers[packer](entries, check ? (block) => blocks.push(Buffer.from(block)) : (block) => (bytes += block.length)),
  );
  if (!check) return { ...result, count: bytes > entries * 1536 ? entries : 0 };
  const { stdout } = spawnSync('tar', ['-tf', '-'], { input: Buffer.concat(blocks), encoding: 'utf8' });
  return { ...result, count: stdout.trim().split('\n').length };
}

/** One value of `kib` KiB in pieces of 64 bytes; for comparison, JSON.parse of one piece. */
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

/** The progress lines of the synthetic engine with JSON.parse alone: no reader can be faster. */
async function lines({ lines: count }, measured) {
  const all = Array.from({ length: 1000 }, (_, at) => {
    const detail = `"progressDetail":{"current":${1_000_000 + at * 4096},"total":73108480}`;
    const bar = '"progress":"[==============\\u003e                                    ]  ';
    const sizes = `${at % 73}.${String(at % 100).padStart(2, '0')}MB/73.11MB`;
    return `{"status":"Downloading",${detail},${bar}${sizes}","id":"${((at % 7) * 2654435 + 11).toString(16).padStart(12, '0')}"}\r\n`;
  });
  const parse = (some) => {
    let found = 0;
    for (let at = 0; at < some; at++) if (JSON.parse(all[at % 1000]).id.length === 12) found++;
    return found;
  };
  parse(Math.floor(count / 4));
  return measured(async () => parse(count) + 2);
}

export const measure = (run, measured) => ({ pack, value, lines })[run.program[0]](run, measured);
