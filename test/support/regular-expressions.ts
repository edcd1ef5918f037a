// Finds the regular expressions of the source by parsing it, and makes the texts that could make each of them slow.

import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';
import { parsePattern } from './backtracking.ts';
import type { Part } from './backtracking.ts';

/** A regular expression of the source. */
export interface Literal {
  /** `api/reference.ts:47`. */
  readonly place: string;
  readonly pattern: RegExp;
}

/** What a walk through the source finds. */
export interface Expressions {
  readonly literals: readonly Literal[];
  /** Places where patterns are made at run time, so that reading the source cannot check them. */
  readonly made: readonly string[];
}

const source = fileURLToPath(new URL('../../src/', import.meta.url));

interface Node {
  readonly type: string;
  readonly start: number;
  readonly regex?: { readonly pattern: string; readonly flags: string };
  readonly callee?: { readonly name?: string };
}

/** All regular expressions below src/. */
export function expressionsOfSource(): Expressions {
  const literals: Literal[] = [];
  const made: string[] = [];
  const names = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  for (const name of names.sort()) {
    const text = readFileSync(source + name, 'utf8');
    const { program, errors } = parseSync(name, text, { lang: 'ts', sourceType: 'module' });
    if (errors.length > 0) throw new Error(`${name}: ${errors[0]?.message}`);
    for (const node of nodesOf(program)) {
      const place = `${name.replaceAll('\\', '/')}:${text.slice(0, node.start).split('\n').length}`;
      if (node.regex !== undefined) literals.push({ place, pattern: new RegExp(node.regex.pattern, node.regex.flags) });
      if (/^(?:New|Call)Expression$/.test(node.type) && node.callee?.name === 'RegExp') made.push(place);
    }
  }
  return { literals, made };
}

function* nodesOf(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return;
  if (typeof (value as Node).type === 'string') yield value as Node;
  for (const child of Object.values(value)) yield* nodesOf(child);
}

/** The expressions that a file of the source makes out of constants when it is loaded. */
export async function expressionsMadeBy(file: string): Promise<RegExp[]> {
  const made: RegExp[] = [];
  const plain = globalThis.RegExp;
  const construct = (target: RegExpConstructor, argv: ConstructorParameters<RegExpConstructor>): RegExp => {
    const pattern = Reflect.construct(target, argv) as RegExp;
    made.push(pattern);
    return pattern;
  };
  globalThis.RegExp = new Proxy(plain, { construct });
  try {
    // As a new module, so that the file is loaded again.
    const built = process.env['TEST_TARGET'] === 'src' ? `src/${file}` : `build/${file.replace(/ts$/, 'js')}`;
    await import(/* @vite-ignore */ `${new URL(`../../${built}`, import.meta.url).href}?made`);
  } finally {
    globalThis.RegExp = plain;
  }
  return made;
}

/** Makes a text of any length that could be slow to match. */
export type Attack = (length: number) => string;

/** Characters of every kind that the character classes of the source distinguish. */
const CANDIDATES = [
  ...Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code)),
  '\u0300', '\u2028', '\u202e', '\u3042', '\ud800', '\ufffd',
];

/**
 * For each part of the pattern that repeats: what leads there, then one unit over and over, then something that fails.
 * Units are the literal runs of the pattern, samples of its parts, characters that its classes tell apart, and pairs of
 * those. None for a pattern without repetition: from each start, a search takes no more steps than the pattern has parts.
 */
export function attacksOn(pattern: RegExp): Attack[] {
  const root = parsePattern(pattern);
  const parts = [...partsOf(root)];
  if (!parts.some(isRepetition)) return [];
  const atoms = parts.filter((part) => part.type === 'atom');
  const letters = distinct(CANDIDATES, (letter) => atoms.map((atom) => (atom.matches(letter) ? '1' : '0')).join(''));
  const sample = (part: Part): string => sampleOf(part, letters);
  const runs = parts.flatMap((part) => (part.type === 'sequence' ? runsOf(part.parts) : []));
  const words = [...parts, ...runs].map(sample).filter((word) => word !== '' && word.length <= LONGEST_UNIT);
  const few = letters.slice(0, FEW);
  const units = new Set([...letters, ...words, ...few.flatMap((a) => few.map((b) => a + b))]);
  const ends = new Set(['', letters[0] as string, letters.at(-1) as string]);
  const attacks: Attack[] = [];
  for (const lead of new Set(['', letters[0] as string, ...leadsOf(root, sample)])) {
    for (const unit of units) {
      for (const end of ends) attacks.push((length) => lead + unit.repeat(Math.ceil(length / unit.length)) + end);
    }
  }
  return attacks;
}

/** The longest unit: it must repeat several times in a text of some hundred characters. */
const LONGEST_UNIT = 70;
/** The number of characters that are tried in pairs. */
const FEW = 6;

function isRepetition(part: Part): boolean {
  return part.type === 'repeat' && part.max > 1;
}

/** The longest runs of parts that do not repeat: words. */
function runsOf(parts: readonly Part[]): Part[] {
  const runs: Part[][] = [[]];
  for (const part of parts) {
    if (isRepetition(part)) runs.push([]);
    else runs.at(-1)?.push(part);
  }
  return runs.map((run) => ({ type: 'sequence', parts: run }));
}

/** One character of each kind, those that match least first: they are what makes a match fail. */
function distinct(characters: readonly string[], kindOf: (character: string) => string): string[] {
  const byKind = new Map<string, string>();
  for (const character of characters) {
    const kind = kindOf(character);
    if (!byKind.has(kind)) byKind.set(kind, character);
  }
  const count = (kind: string): number => kind.replaceAll('0', '').length;
  return [...byKind].sort(([a], [b]) => count(a) - count(b)).map(([, character]) => character);
}

function* partsOf(part: Part): Generator<Part> {
  yield part;
  if ('body' in part) yield* partsOf(part.body);
  if ('parts' in part) for (const each of part.parts) yield* partsOf(each);
}

/** A short text that the part matches, if it can be found without trying. */
function sampleOf(part: Part, letters: readonly string[]): string {
  if (part.type === 'atom') return letters.find((letter) => part.matches(letter)) ?? '';
  if (part.type === 'sequence') return part.parts.map((each) => sampleOf(each, letters)).join('');
  if (part.type === 'choice') return sampleOf(part.parts[0] as Part, letters);
  if (part.type === 'group') return sampleOf(part.body, letters);
  if (part.type === 'repeat') return sampleOf(part.body, letters).repeat(Math.min(part.max, Math.max(1, part.min)));
  return '';
}

/** The text before each part that repeats, and the text after it. */
function leadsOf(part: Part, sample: (part: Part) => string): string[] {
  if (part.type === 'sequence') {
    const leads: string[] = [];
    let before = '';
    for (const each of part.parts) {
      leads.push(...leadsOf(each, sample).map((lead) => before + lead));
      before += sample(each);
    }
    return leads;
  }
  if (part.type === 'choice') return part.parts.flatMap((each) => leadsOf(each, sample));
  const inside = 'body' in part ? leadsOf(part.body, sample) : [];
  return isRepetition(part) ? ['', sample(part), ...inside] : inside;
}
