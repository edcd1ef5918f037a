// Makes `dist/`, the code that is published, from `src/` and from the declarations that tsc has written to `build/`.
//
// One run of the bundler that comes with vitest makes the JavaScript of all entries. What several entries need is in one
// chunk that they share, so a class is the same class from every entry. Files that `src/` loads on demand stay in chunks of
// their own. The bundle is for readers, too: names and line comments stay, and a region comment names each source file.
//
// Of the declarations, those are taken that a program can reach: the declarations of the entries, and those that they
// refer to. Doc comments are in them and in the sources, and not in the JavaScript: the package would be larger than 300 kB.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { rolldown } from 'rolldown';
import { parseSync } from 'rolldown/utils';

/**
 * Modules that are in one chunk, each with what it imports, except what an earlier row has. `base` is all that `longshore/http/*` and
 * `longshore/tar/pack` need; `client` is the rest of what `import 'longshore'` loads; `command` is what many commands need. `ls`
 * has its own chunk, because completion runs it; other commands share one with commands that need the same, which keeps the package small.
 */
const CHUNKS = [
  ['base', /\/src\/(?:http\/|tar\/pack\.ts$|tar\/caller-input\.ts$)/],
  ['client', /\/src\/index\.ts$/],
  ['tar', /\/src\/tar\//],
  ['configuration', /\/src\/(?:system\/find-engine|system\/files\/read-docker-config)\.ts$/],
  ['command', /\/src\/cli\/(?:program|listing|template|shared-options|archive-file|operands)\.ts$/],
  ['transfers', /\/src\/cli\/commands\/(?:copy|import|load|pull|push|save)\.ts$/],
  ['reports', /\/src\/cli\/commands\/(?:attestations|context|df|distribution|events|history|inspect|layers|outdated|search|version)\.ts$/],
  ['removals', /\/src\/cli\/commands\/(?:prune|rm|tag)\.ts$/],
];

/** The settings of the bundler for JavaScript that people read: the names and values of `src/`. */
export const READABLE_INPUT = {
  platform: 'node',
  optimization: { inlineConst: false },
  checks: { bundlerTimings: false }, // on a busy machine, it would print which plugin took long
};
export const READABLE_OUTPUT = { format: 'esm', minify: false, minifyInternalExports: false };

/** The names of the entries in package.json, without their folder and ending: `index`, `http/fields`, `cli/main`. */
function entryNames(root, { exports, bin }) {
  const paths = [...Object.values(exports).flatMap((target) => target.default ?? []), ...Object.values(bin).map((path) => `./${path}`)];
  return paths.flatMap((path) => {
    const name = path.slice('./dist/'.length, -'.js'.length);
    if (!name.endsWith('/*')) return [name];
    const folder = name.slice(0, -'*'.length);
    const files = readdirSync(join(root, 'src', folder)).filter((file) => file.endsWith('.ts'));
    return files.sort().map((file) => `${folder}${file.slice(0, -'.ts'.length)}`);
  });
}

/** Writes `dist/` below the folder `output`. `build` is the folder with tsc's declarations. */
export async function makeDist(root, { build, output = root }) {
  const dist = join(output, 'dist');
  rmSync(dist, { recursive: true, force: true });
  const names = entryNames(root, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  copyDeclarations(names, build, dist);
  const bundler = await rolldown({
    ...READABLE_INPUT,
    cwd: root,
    input: Object.fromEntries(names.map((name) => [name, `src/${name}.ts`])),
    plugins: [keepComments({ docs: false }), withoutForwarders],
  });
  try {
    await bundler.write({
      ...READABLE_OUTPUT,
      dir: dist,
      entryFileNames: '[name].js',
      chunkFileNames: 'chunks/[name].js',
      codeSplitting: { groups: CHUNKS.map(([name, test], index) => ({ name, test, priority: CHUNKS.length - index })) },
    });
  } finally {
    await bundler.close();
  }
}

/** Matches a chunk that only exports names that it imports from another chunk. */
const FORWARDER = /^import \{ ([\w, ]+) \} from "\.\/([\w-]+\.js)";\s+export \{ ([\w, ]+) \};\s*$/;

/**
 * A plugin that removes such chunks, which the bundler makes for files that are loaded on demand and are in a chunk with others. The
 * other chunk is imported instead, because loading a file takes a millisecond.
 */
const withoutForwarders = {
  name: 'without-forwarders',
  generateBundle(_, bundle) {
    const chunks = Object.values(bundle).filter(({ type }) => type === 'chunk');
    for (const { fileName, code, isDynamicEntry } of chunks) {
      const [, imported = '', target, exported = ''] = FORWARDER.exec(code) ?? [];
      if (!isDynamicEntry || target === undefined || / as /.test(imported + exported)) continue;
      const imports = new RegExp(String.raw`(?<=\bimport\("[./]+(?:chunks/)?)${posix.basename(fileName)}(?="\))`, 'g');
      for (const chunk of chunks) chunk.code = chunk.code.replace(imports, target);
      delete bundle[fileName];
    }
  },
};

/** Matches what a declaration imports: `from "./x.ts"` and `import("./x.ts")`. */
const REFERENCE = /(?:\bfrom |\bimport\()["'](\.[^"']+)\.ts["']/g;

function copyDeclarations(names, build, dist) {
  const reached = new Set();
  const visit = (name) => {
    if (reached.has(name)) return;
    reached.add(name);
    const text = readFileSync(join(build, `${name}.d.ts`), 'utf8');
    for (const [, target] of text.matchAll(REFERENCE)) visit(posix.join(posix.dirname(name), target));
  };
  names.filter((name) => !name.startsWith('cli/')).forEach(visit);
  // Tabs, as in the bundle, are smaller than the spaces of tsc.
  const indented = (name) => readFileSync(join(build, `${name}.d.ts`), 'utf8').replaceAll(/^(?: {4})+/gm, (spaces) => '\t'.repeat(spaces.length / 4));
  for (const name of reached) {
    mkdirSync(dirname(join(dist, name)), { recursive: true });
    writeFileSync(join(dist, `${name}.d.ts`), indented(name));
  }
}

/**
 * A plugin that keeps line comments and, if asked to, doc comments. The bundler itself keeps only doc comments and those that begin with
 * `!`. So line comments get this mark, and lose it in the bundle. The plugin also makes regions of the lines with which the bundler names
 * the source files.
 */
export const keepComments = ({ docs }) => ({
  name: 'keep-comments',
  // Not the bundler's own module, whose comments say what may be left out.
  transform: (code, id) => (id.startsWith('\0') ? undefined : { code: markComments(code, docs), map: null }),
  renderChunk: (code) => ({ code: unmarkComments(code).replaceAll(SOURCE, '//#region $1\n$2\n//#endregion\n'), map: null }),
});

/** Matches the code of a source file in a chunk, with the bundler's comment that names it, and the empty line after it. */
const SOURCE = /^\/\/ (src\/\S+\.ts)\n([^]*?)\n\n?(?=\/\/ src\/\S+\.ts\n|export \{|$(?![^]))/gm;

/** Marks line comments, and removes doc comments unless they are to be kept. */
function markComments(code, docs) {
  const { comments } = parseSync('source.ts', code);
  // From the last to the first, because each change moves what follows it.
  return comments.reverse().reduce((text, { type, value, start, end }) => {
    const [before, comment, after] = [text.slice(0, start), text.slice(start, end), text.slice(end)];
    if (type === 'Block') return docs ? text : before + comment.replaceAll(/[^\n]/g, '') + after;
    const line = before.lastIndexOf('\n') + 1;
    if (before.slice(line).trim() === '') return `${before}//!${value}${after}`;
    // The bundler would print a comment behind code above the next line, so it is put in front of its own line until then.
    return `${before.slice(0, line)}/*!${value} */${before.slice(line)}${after}`;
  }, code);
}

function unmarkComments(code) {
  const behindCode = /\/\*!( .*?) \*\/(?: (.*))?$/gm;
  return code.replaceAll('//!', '//').replaceAll(behindCode, (_, comment, line) => `${line === undefined ? '' : `${line} `}//${comment}`);
}
