// A backtracking matcher for regular expressions that counts its steps. V8 matches in the same way, but does not report its steps.
// A count is the same on every machine, unlike a time. Texts are read by UTF-16 code unit.

/** A part of a pattern. `Atom` matches one character; `source` is the part as the pattern has it. */
export type Part =
  | { readonly type: 'atom'; readonly source: string; matches(character: string): boolean }
  | { readonly type: 'sequence'; readonly parts: readonly Part[] }
  | { readonly type: 'choice'; readonly parts: readonly Part[] }
  | { readonly type: 'group'; readonly index: number | undefined; readonly body: Part }
  | { readonly type: 'repeat'; readonly body: Part; readonly min: number; readonly max: number; readonly lazy: boolean }
  | { readonly type: 'look'; readonly negative: boolean; readonly body: Part }
  | { readonly type: 'back'; readonly index: number }
  | { readonly type: 'edge'; readonly source: string };

/** Thrown when a match takes more steps than it may. */
export class TooManySteps extends Error {}

/** Parses the pattern of a RegExp; throws for syntax that the source does not use so far (lookbehind). */
export function parsePattern({ source, flags }: RegExp): Part {
  let at = 0;
  let groups = 0;
  const atomFlags = flags.replace(/[gym]/g, '');

  function choice(): Part {
    const parts = [sequence()];
    while (source[at] === '|') {
      at++;
      parts.push(sequence());
    }
    return parts.length === 1 ? (parts[0] as Part) : { type: 'choice', parts };
  }
  function sequence(): Part {
    const parts: Part[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') parts.push(repeated(term()));
    return { type: 'sequence', parts };
  }
  function repeated(body: Part): Part {
    const [text, low, comma, high] = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})/.exec(source.slice(at)) ?? [];
    if (text === undefined) return body;
    at += text.length;
    const lazy = source[at] === '?';
    if (lazy) at++;
    const min = low === undefined ? Number(text === '+') : Number(low);
    const most = text === '?' ? 1 : Infinity;
    const max = low === undefined ? most : comma === '' ? min : high === '' ? Infinity : Number(high);
    return { type: 'repeat', body, min, max, lazy };
  }
  function term(): Part {
    if (source[at] === '(') return group();
    if (source[at] === '^' || source[at] === '$') return { type: 'edge', source: source[at++] as string };
    const pattern = /^(?:\[(?:[^\]\\]|\\.)*\]|\\p\{[^}]*\}|\\P\{[^}]*\}|\\u\{[^}]*\}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\.|.)/is;
    const [text = ''] = pattern.exec(source.slice(at)) ?? [];
    at += text.length;
    if (text === '\\b' || text === '\\B') return { type: 'edge', source: text };
    if (/^\\[1-9]$/.test(text)) return { type: 'back', index: Number(text[1]) };
    return atom(text);
  }
  function group(): Part {
    const [opening = ''] = /^\((?:\?(?::|=|!|<\w+>))?/.exec(source.slice(at)) ?? [];
    if (opening === '(' && source[at + 1] === '?') throw new Error(`not parsed here: ${source.slice(at)}`);
    at += opening.length;
    const isCapturing = opening === '(' || opening.endsWith('>');
    const index = isCapturing ? ++groups : undefined;
    const body = choice();
    at++;
    if (opening === '(?=' || opening === '(?!') return { type: 'look', negative: opening === '(?!', body };
    return { type: 'group', index, body };
  }
  function atom(text: string): Part {
    const whole = new RegExp(`^${text}$`, atomFlags);
    const known: Array<boolean | undefined> = []; // by UTF-16 code unit
    const matches = (character: string): boolean => (known[character.charCodeAt(0)] ??= whole.test(character));
    return { type: 'atom', source: text, matches };
  }
  return choice();
}

type Next = (at: number) => number;

/** The result of a search: the index of the match, or -1, and the number of steps. */
export interface Found {
  readonly index: number;
  readonly end: number;
  readonly steps: number;
}

/** Searches a text from an index on, within a number of steps. */
export type Search = (text: string, from: number, most: number) => Found;

/** Makes the search for a pattern, as `RegExp.prototype.exec` does it. */
export function matcher(pattern: RegExp): Search {
  const root = parsePattern(pattern);
  const isMultiline = pattern.multiline;
  let text = '';
  let steps = 0;
  let left = 0;
  let captures: Array<string | undefined> = [];
  const step = (): void => {
    steps++;
    if (--left < 0) throw new TooManySteps();
  };
  const isWord = (at: number): boolean => /\w/.test(text[at] ?? '');
  const isLineEnd = (at: number): boolean => isMultiline && /[\n\r\u2028\u2029]/.test(text[at] ?? '');
  const holds = (edge: string, at: number): boolean => {
    if (edge === '^') return at === 0 || isLineEnd(at - 1);
    if (edge === '$') return at === text.length || isLineEnd(at);
    return (isWord(at - 1) !== isWord(at)) === (edge === '\\b');
  };

  function compile(part: Part, next: Next): Next {
    switch (part.type) {
      case 'atom':
        return (at) => (step(), at < text.length && part.matches(text[at] as string) ? next(at + 1) : -1);
      case 'edge':
        return (at) => (step(), holds(part.source, at) ? next(at) : -1);
      case 'sequence':
        return part.parts.reduceRight((rest: Next, each) => compile(each, rest), next);
      case 'choice': {
        const ways = part.parts.map((each) => compile(each, next));
        return (at) => {
          for (const way of ways) {
            const end = way(at);
            if (end >= 0) return end;
          }
          return -1;
        };
      }
      case 'group': {
        const { index } = part;
        if (index === undefined) return compile(part.body, next);
        const starts: number[] = [];
        const body = compile(part.body, (at) => {
          const before = captures[index];
          const start = starts.pop() as number;
          captures[index] = text.slice(start, at);
          const end = next(at);
          if (end < 0) captures[index] = before;
          starts.push(start);
          return end;
        });
        return (at) => {
          starts.push(at);
          const end = body(at);
          starts.pop();
          return end;
        };
      }
      case 'look': {
        const body = compile(part.body, (at) => at);
        return (at) => (body(at) >= 0 === part.negative ? -1 : next(at));
      }
      case 'back':
        return (at) => {
          const said = captures[part.index] ?? '';
          for (let i = 0; i <= said.length; i++) step();
          return text.startsWith(said, at) ? next(at + said.length) : -1;
        };
      case 'repeat':
        return part.body.type === 'atom' ? repeatAtom(part, part.body, next) : repeatPart(part, next);
    }
  }

  function repeatAtom({ min, max, lazy }: Part & { type: 'repeat' }, body: Part & { type: 'atom' }, next: Next): Next {
    const takes = (at: number): boolean => (step(), at < text.length && body.matches(text[at] as string));
    if (lazy) {
      return (start) => {
        for (let at = start; ; at++) {
          const end = at - start >= min ? next(at) : -1;
          if (end >= 0 || at - start >= max || !takes(at)) return end;
        }
      };
    }
    return (start) => {
      let at = start;
      while (at - start < max && takes(at)) at++;
      for (; at - start >= min; at--) {
        const end = next(at);
        if (end >= 0) return end;
      }
      return -1;
    };
  }

  function repeatPart({ body, min, max, lazy }: Part & { type: 'repeat' }, next: Next): Next {
    const counts: number[] = [];
    const froms: number[] = [];
    const again = compile(body, (at) => {
      const [count, from] = [counts.pop() as number, froms.pop() as number];
      // After the required minimum, an empty round does not count (ECMAScript, RepeatMatcher).
      const end = at === from && count >= min ? -1 : attempt(at, count + 1);
      counts.push(count);
      froms.push(from);
      return end;
    });
    const round = (at: number, count: number): number => {
      counts.push(count);
      froms.push(at);
      const end = again(at);
      counts.pop();
      froms.pop();
      return end;
    };
    function attempt(at: number, count: number): number {
      step();
      if (count < min) return round(at, count);
      if (lazy) {
        const end = next(at);
        return end >= 0 || count >= max ? end : round(at, count);
      }
      const end = count < max ? round(at, count) : -1;
      return end >= 0 ? end : next(at);
    }
    return (at) => attempt(at, 0);
  }

  const whole = compile(root, (at) => at);
  // V8 tries a pattern that begins with ^ only at the start.
  const isTriedOnce = pattern.sticky || (isAnchored(root) && !isMultiline);
  return (given, from, most) => {
    text = given;
    steps = 0;
    left = most;
    for (let index = from; index <= text.length; index++) {
      captures = [];
      const end = whole(index);
      if (end >= 0) return { index, end, steps };
      if (isTriedOnce) break;
    }
    return { index: -1, end: -1, steps };
  };
}

/** Whether each way through the part begins with ^. */
function isAnchored(part: Part | undefined): boolean {
  if (part?.type === 'edge') return part.source === '^';
  if (part?.type === 'sequence') return isAnchored(part.parts[0]);
  if (part?.type === 'choice') return part.parts.every(isAnchored);
  return part?.type === 'group' && isAnchored(part.body);
}

/** The steps of all matches in a text: one for a plain pattern, and one after the other for `g` and `y`. */
export function stepsOf(pattern: RegExp, search: Search, text: string, most: number): number {
  let steps = 0;
  for (let from = 0; from <= text.length; ) {
    const found = search(text, from, most - steps);
    checkAgainstV8(pattern, text, from, found);
    steps += found.steps;
    if (found.index < 0 || !(pattern.global || pattern.sticky)) break;
    from = found.end > found.index ? found.end : found.end + 1;
  }
  return steps;
}

/** V8 must find the same match: otherwise the steps are those of another pattern. */
function checkAgainstV8(pattern: RegExp, text: string, from: number, { index, end }: Found): void {
  pattern.lastIndex = from;
  const theirs = pattern.exec(text);
  if ((theirs?.index ?? -1) === index && (theirs === null || theirs[0].length === end - index)) return;
  throw new Error(`${pattern} on ${JSON.stringify(text.slice(0, 200))} from ${from}: V8 ${theirs?.index}, here ${index}`);
}
