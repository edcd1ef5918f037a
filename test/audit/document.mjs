// What an auditor reads first, as Markdown: made of src/README.md, the sources and the lock file, and of nothing else.
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

/** How many lines a text has, and how many of them are comments or empty. */
export function countLines(text) {
  const lines = text.split('\n').slice(0, -1);
  const isComment = (line) => /^\s*(\/\/|\/\*|\*[ /]|\*$)/.test(line);
  const comments = lines.filter(isComment).length;
  const empty = lines.filter((line) => line.trim() === '').length;
  return { lines: lines.length, comments, empty, code: lines.length - comments - empty };
}

const sum = (counts, key) => counts.reduce((total, each) => total + each[key], 0);

/** A line for each folder of src/, one for the files beside them, and one for all. */
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

/** The built-in modules that a module's text imports, at once or when they are first needed. */
export function importsOf(text) {
  const atOnce = [...text.matchAll(/^import (?:[^"';]* from )?["']([^"']+)["'];$/gm)].map(([, name]) => name);
  const later = [...text.matchAll(/\bimport\(["']([^"']+)["']\)/g)].map(([, name]) => name);
  const names = [...atOnce, ...later];
  const foreign = names.filter((name) => !name.startsWith('node:') || !builtinModules.includes(name.slice(5)));
  if (foreign.length > 0) throw new Error(`the one file imports ${foreign.join(', ')}`);
  return { atOnce: [...new Set(atOnce)].sort(), later: [...new Set(later)].sort() };
}

export function auditDocument({ manifest, readme, sources, oneFile }) {
  const { atOnce, later } = importsOf(oneFile);
  const limits = limitsOf(sources);
  const options = optionsOf(sources);
  return `# Auditing ${manifest.name} ${manifest.version}

It has no dependencies and no install script, and what is here was made from its clone alone: whoever makes it again, of the
same commit, gets the same bytes.

${table(
  ['file', 'what it is'],
  [
    [code('longshore.mjs'), 'all of the library in one file, comments included, readable; `import { ImageClient } from "./longshore.mjs"`'],
    [code('sbom.cdx.json'), 'the software bill of materials, CycloneDX 1.6: no components'],
    [code('sources.sha256'), 'the SHA-256 of every file of `src/`'],
    [code('SHA256SUMS'), 'the SHA-256 of the files here'],
  ],
)}

## How to check it

1. The clone is of the commit that the release was tagged at: \`git verify-tag v${manifest.version}\`, or compare the commit with the one
   that the package's provenance names (\`npm view ${manifest.name}@${manifest.version} dist.attestations\`).
2. The kit: \`npm run audit-kit\` in the clone, on Node 20.19 or later, and \`cmp\` of each file with the one that you were given;
   \`sha256sum -c dist-audit/sources.sha256\` in the clone shows that \`src/\` is what it was made of.
3. The package: the \`integrity\` that \`npm pack --json\` prints in the clone is what \`npm view ${manifest.name}@${manifest.version} dist.integrity\` says.
   \`npm audit signatures\`, where it is installed, holds the registry's signature and the provenance to it.
4. The tests: \`npm test\` needs no engine and no network beyond the four development packages; \`npm run coverage\` tells what it has run.
5. Under the permission model of Node it runs with no more than the table below says: \`test/permissions.test.ts\` starts it so.

## What it touches

${section(readme, 'What it touches')}

The one file imports ${atOnce.map(code).join(', ')}, and when it first needs them ${later.map(code).join(', ')}. It has no \`eval\`, loads no
other module, changes no global, and leaves no timer and no handle behind once its clients are closed.

## Every limit and default

Each is a constant of the sources, with the comment that stands above it there.

${table(
  ['file', 'constant', 'value', 'unit', 'why'],
  limits.map(({ file, name, value, unit, comment }) => [code(file), code(name), grouped(value), unit, comment]),
)}

What a client and its methods may be given, from \`src/client/options.ts\`; the parameters of the requests are in \`src/api/endpoints.ts\`.

${table(
  ['of', 'option', 'what it is, and its default'],
  options.map(({ owner, name, comment }) => [code(owner), code(name), comment]),
)}

## How much there is to read

${lineTable(sources)}
`;
}
