// Makes a build smaller before it is packed, without losing information:
//   - removes type declarations that no program can use. A program reaches the declarations of the entries in package.json
//     and those that they refer to. The others describe internal modules, which the package does not export.
//   - removes doc comments from JavaScript that the declarations beside it contain, too.
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Matches what a declaration imports: `from "./x.ts"` and `import("./x.ts")`. */
const REFERENCE = /(?:\bfrom |\bimport\()["'](\.[^"']+)\.[jt]s["']/g;

/** Matches a doc comment with its whole lines. */
const DOC_COMMENT = /^[ \t]*(\/\*\*[^]*?\*\/)[ \t]*\n/gm;

/** Trims `dist/` in a folder that also has package.json. */
export function trimBuild(folder) {
  removeUnreachableDeclarations(folder);
  removeRepeatedComments(join(folder, 'dist'));
}

function removeUnreachableDeclarations(folder) {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const names = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' });
  const all = names.filter((name) => name.endsWith('.d.ts')).map((name) => `./dist/${name.replaceAll('\\', '/')}`);
  const entries = Object.values(exports).flatMap(({ types }) => types ?? []);
  const reached = new Set();
  const visit = (path) => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const [, target] of readFileSync(join(folder, path), 'utf8').matchAll(REFERENCE)) {
      visit(`./${posix.join(posix.dirname(path), target)}.d.ts`);
    }
  };
  for (const entry of entries) {
    const [before, after] = entry.split('*'); // "./dist/http/*.d.ts"
    all.filter((path) => path === entry || (after !== undefined && path.startsWith(before) && path.endsWith(after))).forEach(visit);
  }
  for (const path of all) if (!reached.has(path)) rmSync(join(folder, path));
}

function removeRepeatedComments(dist) {
  const withoutIndent = (text) => text.replace(/\s+/g, ' ');
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const declarations = join(dist, name.replace(/\.js$/, '.d.ts'));
    if (!name.endsWith('.js') || !existsSync(declarations)) continue;
    const documented = withoutIndent(readFileSync(declarations, 'utf8'));
    const script = readFileSync(join(dist, name), 'utf8');
    const isRepeated = (comment) => documented.includes(withoutIndent(comment));
    writeFileSync(join(dist, name), script.replace(DOC_COMMENT, (lines, comment) => (isRepeated(comment) ? '' : lines)));
  }
}
