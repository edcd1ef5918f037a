// Makes audit.md, the document that an auditor reads first. It uses src/README.md and the sources, and nothing else.
import { builtinModules } from 'node:module';
import { limitsOf, optionsOf } from './limits.mjs';

const row = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
const code = (text) => `\`${text}\``;
const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ',');

/** The text below a heading of src/README.md. */
function section(readme, heading) {
  const found = readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0];
  if (found === undefined) throw new Error(`src/README.md has no section "${heading}"`);
  return found.trim();
}

/** Counts the lines of a text: all, comments, empty lines and code. */
export function countLines(text) {
  const lines = text.split('\n').slice(0, -1);
  const isComment = (line) => /^\s*(\/\/|\/\*|\*[ /]|\*$)/.test(line);
  const comments = lines.filter(isComment).length;
  const empty = lines.filter((line) => line.trim() === '').length;
  return { lines: lines.length, comments, empty, code: lines.length - comments - empty };
}

const sum = (counts, key) => counts.reduce((total, each) => total + each[key], 0);

/** A table with one row for each folder of src/, one for the files of its root, and one for the total. */
function lineTable(sources) {
  const folderOf = ({ path }) => /^src\/(\w+)\//.exec(path)?.[1] ?? '';
  const folders = [...new Set(sources.map(folderOf))].sort();
  const line = (name, files) => {
    const counts = files.map(({ text }) => countLines(text));
    return [name, files.length, ...['lines', 'code', 'comments', 'empty'].map((key) => grouped(sum(counts, key)))];
  };
  const rows = folders.map((folder) => line(code(`src/${folder}`), sources.filter((file) => folderOf(file) === folder)));
  return table(['folder', 'files', 'lines', 'code', 'comments', 'empty'], [...rows, line('all', sources)]);
}

/** The built-in modules that a text imports: `atOnce` with import statements, `later` with `import()`. Throws on other modules. */
export function importsOf(text) {
  const atOnce = [...text.matchAll(/^import (?:[^"';]* from )?["']([^"']+)["'];$/gm)].map(([, name]) => name);
  const later = [...text.matchAll(/\bimport\(["']([^"']+)["']\)/g)].map(([, name]) => name);
  const names = [...atOnce, ...later];
  const foreign = names.filter((name) => !name.startsWith('node:') || !builtinModules.includes(name.slice(5)));
  if (foreign.length > 0) throw new Error(`longshore.mjs imports ${foreign.join(', ')}`);
  return { atOnce: [...new Set(atOnce)].sort(), later: [...new Set(later)].sort() };
}

export function auditDocument({ manifest, readme, sources, oneFile }) {
  const { atOnce, later } = importsOf(oneFile);
  const limits = limitsOf(sources);
  const options = optionsOf(sources);
  return `# Auditing ${manifest.name} ${manifest.version}

It has no dependencies and no install script. These files are made from a clone alone: making them again from the same commit gives the
same bytes.

${table(
  ['file', 'what it is'],
  [
    [code('longshore.mjs'), 'the whole library in one readable file, with comments; `import { ImageClient } from "./longshore.mjs"`'],
    [code('sbom.cdx.json'), 'the software bill of materials, CycloneDX 1.6: no components'],
    [code('sources.sha256'), 'the SHA-256 of every file of `src/`'],
    [code('SHA256SUMS'), 'the SHA-256 of the files above'],
  ],
)}

## How to check it

1. **The commit.** Check that your clone has the commit of the release: run \`git verify-tag v${manifest.version}\`, or compare the commit with
   the one in the package's provenance (\`npm view ${manifest.name}@${manifest.version} dist.attestations\`).
2. **The kit.** Run \`npm run audit-kit\` in the clone, with Node 20.19 or later, and compare each file with yours (\`cmp\`). Run
   \`sha256sum -c dist-audit/sources.sha256\` in the clone to check that the kit was made from this \`src/\`.
3. **The package.** The \`integrity\` that \`npm pack --json\` prints in the clone must equal
   \`npm view ${manifest.name}@${manifest.version} dist.integrity\`. In a project that has installed the package, \`npm audit signatures\` checks
   the registry's signature and the provenance.
4. **The tests.** \`npm test\` needs no engine, and the network only to install four development packages. \`npm run coverage\` shows which lines
   it runs.
5. **The permissions.** \`test/permissions.test.ts\` runs the library under Node's permission model with the permissions of the table below.

## What it touches

${section(readme, 'What it touches')}

\`longshore.mjs\` imports ${atOnce.map(code).join(', ')}. It loads ${later.map(code).join(', ')} at first use, and no other module. It does not use
\`eval\`, changes no global, and leaves no timer and no handle behind once its clients are closed.

## Every limit and default

Each is a constant in the sources; the reason is its comment there.

${table(
  ['file', 'constant', 'value', 'unit', 'reason'],
  limits.map(({ file, name, value, unit, comment }) => [code(file), code(name), grouped(value), unit, comment]),
)}

The options of the client and its methods, from \`src/client/options.ts\`. The parameters of the requests are in \`src/api/endpoints.ts\`.

${table(
  ['interface', 'option', 'meaning and default'],
  options.map(({ owner, name, comment }) => [code(owner), code(name), comment]),
)}

## Lines of code

${lineTable(sources)}
`;
}
