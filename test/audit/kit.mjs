// `npm run audit-kit`: writes the files that an auditor or a vendoring team needs to dist-audit/. Two clones of one commit
// give the same bytes: the files contain no user, path, time or Node version.
//
//   longshore.mjs     the whole library in one file
//   sbom.cdx.json     its software bill of materials (CycloneDX): no components
//   audit.md          how to check the kit, what the library touches, every limit and default, line counts
//   sources.sha256    sums of src/: `sha256sum -c dist-audit/sources.sha256` in the clone
//   SHA256SUMS        sums of the files above: `sha256sum -c SHA256SUMS` in dist-audit/
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { READABLE_INPUT, READABLE_OUTPUT, keepComments } from '../package/make-dist.mjs';
import { auditDocument } from './document.mjs';
import { billOfMaterials } from './sbom.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The sources in src/, sorted by path; paths have slashes on every system. */
export function readSources() {
  const names = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const paths = names.map((name) => `src/${name.replaceAll('\\', '/')}`).sort();
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/**
 * A plugin that turns `import()` of our own modules into import statements, because the kit has one file only. Without it,
 * the bundler would wrap every module in a function, without its comments.
 */
const allAtOnce = {
  name: 'all-at-once',
  transform(code) {
    const imports = [];
    const text = code.replace(/\bimport\(('\.[^']+')\)/g, (_, name) => {
      imports.push(`import * as onDemand${imports.length} from ${name};`);
      return `Promise.resolve(onDemand${imports.length - 1})`;
    });
    return imports.length === 0 ? null : `${imports.join(' ')} ${text}`;
  },
};

/** The library as one ES module, made by the bundler that comes with vitest, in the version of the lock file. */
async function bundle() {
  const bundler = await rolldown({ ...READABLE_INPUT, input: 'src/index.ts', cwd: root, plugins: [keepComments({ docs: true }), allAtOnce] });
  try {
    const { output } = await bundler.generate({ ...READABLE_OUTPUT, codeSplitting: false });
    if (output.length !== 1) throw new Error(`the bundler made ${output.length} files, not one`);
    return output[0].code;
  } finally {
    await bundler.close();
  }
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** The sums of the files, in the format of `sha256sum`. */
const sums = (files) => files.map(({ path, text }) => `${sha256(text)}  ${path}\n`).join('');

/** Makes the files of the kit in memory. */
export async function makeKit() {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const readme = readFileSync(join(root, 'src/README.md'), 'utf8');
  const sources = readSources();
  const oneFile = await bundle();
  const files = [
    { path: 'longshore.mjs', text: oneFile },
    { path: 'sbom.cdx.json', text: billOfMaterials(manifest, sha256(oneFile)) },
    { path: 'audit.md', text: auditDocument({ manifest, readme, sources, oneFile }) },
    { path: 'sources.sha256', text: sums(sources) },
  ];
  return [...files, { path: 'SHA256SUMS', text: sums(files) }];
}

/** Writes the kit to a folder and removes the folder's old content. */
async function writeKit(folder) {
  const files = await makeKit();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { path, text } of files) writeFileSync(join(folder, path), text);
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? join(root, 'dist-audit'));
  for (const { path, text } of await writeKit(folder)) console.log(`${sha256(text)}  ${join(folder, path)}`);
}
