import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { effects } from './support/effects.ts';

const source = fileURLToPath(new URL('../src/', import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/'));
const textOf = (file: string): string => readFileSync(join(source, file), 'utf8');

/** What a file imports, type imports included: files of ours by their path below src/, built-ins by their name. */
function importsOf(file: string): string[] {
  const statements = /^(?:import|export) [^;']* from '([^']+)';|^import '([^']+)';|\bimport\('([^']+)'\)/gm;
  const found = [...textOf(file).matchAll(statements)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
  return found.map((name) => (name.startsWith('.') ? normalize(join(dirname(file), name)).replaceAll('\\', '/') : name));
}

/** What each part of the house may import of the others; the parts below it in the drawing, never one above. */
const mayImport: ReadonlyArray<readonly [part: RegExp, allowed: RegExp]> = [
  [/^errors\.ts$/, /^$/],
  [/^(bytes|version)\.ts$/, /^$/],
  [/^warnings\.ts$/, /^errors\.ts$/],
  [/^stream-errors\.ts$/, /^$/],
  [/^kinds\.ts$/, /^(bytes|errors)\.ts$/],
  [/^arguments\.ts$/, /^(docker\/|connection\/time-limits|errors|kinds|signals)/],
  [/^http\//, /^(http\/|bytes\.ts|errors\.ts|kinds\.ts)/],
  [/^tar\//, /^(tar\/|bytes\.ts|errors\.ts|kinds\.ts|stream-errors\.ts)/],
  [/^docker\//, /^(docker\/|http\/|bytes\.ts|errors\.ts|kinds\.ts)/],
  [/^connection\//, /^(connection\/|http\/|bytes\.ts|errors\.ts|(?:queue|signals)\.ts)/],
  // of docker/, what is configured: nothing of what an engine says
  [/^system\//, /^(system\/|connection\/|docker\/(address|answer|auth|config.*|context|custom-.*|engine-(choice|tls)|variables)\.ts|bytes\.ts|errors\.ts|queue\.ts|warnings\.ts)/],
  [/^(queue|signals)\.ts$/, /^$/],
  [/^hand-off\.ts$/, /^queue\.ts$/],
  [/^single-flight\.ts$/, /^signals\.ts$/],
  [/^sent-request\.ts$/, /^(connection\/|docker\/|bytes\.ts|errors\.ts|version\.ts)/],
  [/^refusal\.ts$/, /^(connection\/|docker\/|http\/|errors\.ts)/],
  [/^engine-call\.ts$/, /^(connection\/|docker\/)/],
  [/^engine\.ts$/, /^(engine-call|refusal|sent-request|connection\/|docker\/|http\/|bytes\.ts|errors\.ts|signals\.ts|single-flight\.ts|version\.ts)/],
  [/^(progress-stream|archive-stream|event-stream|follow-up|from-environment|local|options|raw-request|readable-groups|upload)\.ts$/, /^(arguments|kinds|stream-errors|progress-stream|archive-stream|hand-off|readable-groups|signals|local|engine|engine-call|options|credential-source|plaintext|warnings|connection\/|docker\/|http\/|tar\/|bytes|errors)/],
  [/^credential-source\.ts$/, /^(arguments|kinds|single-flight|docker\/|bytes|errors|warnings|system\/outside)/],
  [/^plaintext\.ts$/, /^(docker\/address|errors|warnings)\.ts$/],
  [/^path-patterns\.ts$/, /^(bytes|errors)\.ts$/],
  [/^pack-directory\.ts$/, /^(kinds|path-patterns|tar\/|bytes|errors|system\/(outside|folder))/],
  [/^client-engine\.ts$/, /^(arguments|connection\/|docker\/|engine|sent-request|errors|options|plaintext|warnings|system\/outside)/],
  [/^image-client\.ts$/, /^(?!cli\/|testing|index|image-client|system\/(?!outside\.ts))/],
  [/^index\.ts$/, /^(?!cli\/|testing|system)/],
  // the two entry points of the package, as any other program
  [/^cli\//, /^(cli\/|(index|testing)\.ts)/],
  [/^testing(\/|\.ts$)/, /^(testing\/|connection\/|docker\/(address|call|engine-types|redaction|secrets|shown-target)\.ts|http\/|system\/|(arguments|bytes|errors|from-environment|kinds|image-client|options|queue|warnings)\.ts)/],
];

const harmless = new Set(['node:buffer', 'node:events', 'node:stream', 'node:stream/web', 'node:util']);

describe('the house', () => {
  it.each(files)('src/%s imports downwards only', (file) => {
    const rule = mayImport.find(([part]) => part.test(file));
    expect(rule, `no rule for ${file}`).toBeDefined();
    const ours = importsOf(file).filter((name) => !name.startsWith('node:'));
    expect(ours.filter((name) => !rule?.[1].test(name))).toEqual([]);
    expect(ours.filter((name) => !files.includes(name))).toEqual([]);
  });

  it('has no cycles, type imports included', () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) throw new Error([...path, file].join(' -> '));
      if (done.has(file)) return;
      for (const next of importsOf(file)) if (files.includes(next)) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  it.each(files)('src/%s touches the world only as the effects table says', (file) => {
    const builtins = importsOf(file).filter((name) => name.startsWith('node:') && !harmless.has(name));
    expect(builtins.filter((name) => !effects[file]?.includes(name))).toEqual([]);
    if (file === 'cli/main.ts' || file.startsWith('system/')) return;
    const code = textOf(file).replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
    expect(code).not.toMatch(/\bprocess\.|\bconsole\.|\bDate\.now\b|\bMath\.random\b|\bfetch\(|\beval\(/);
  });

  it.each(files)('src/%s makes no code out of text, and loads later what the effects table says, or the command\'s own files', (file) => {
    const code = textOf(file).replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
    expect(code).not.toMatch(/\beval\b|\bFunction\(|\bcreateRequire\b|\bgetBuiltinModule\b|\bimport\.meta\b|node:(?:vm|module|worker_threads)/);
    const later = [...code.matchAll(/(?<![#.\w])import\(([^)]*)\)/g)].map(([, name = '']) => name);
    const lazy = ['node:child_process', 'node:crypto', 'node:http', 'node:tls'].filter((name) => effects[file]?.includes(name));
    const isOwn = (name: string): boolean => file.startsWith('cli/') && /^'\.\.?\/[\w./-]+\.ts'$/.test(name);
    expect(later.filter((name) => !isOwn(name) && !lazy.includes(name.replaceAll("'", '')))).toEqual([]);
  });

  it('has no default exports, no enums, and no index.ts inside folders', () => {
    for (const file of files) {
      expect(textOf(file), file).not.toMatch(/^export default|^(export )?(const )?enum |^(export )?namespace /m);
      expect(file).not.toMatch(/\/index\.ts$/);
    }
  });

  it('has no character beyond Latin-1 outside the command: V8 would keep two bytes of each of a file, and read it at half the speed', () => {
    for (const file of files.filter((name) => !name.startsWith('cli/'))) expect(textOf(file), file).not.toMatch(/[^\0-\xff]/);
  });

  it.each(files)('src/%s opens with a sentence that says what it is', (file) => {
    const lines = textOf(file).split('\n').filter((line) => !line.startsWith('#!'));
    expect(lines[0]).toMatch(/^\/\/ \S.{20,}/);
  });
});
