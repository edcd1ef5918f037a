// How much a JSON text may become in memory. `[{},{},...]` becomes about twenty times its length.

/** Texts up to this length are not looked at: at worst, one becomes some 25 MB. Nearly all answers are shorter. */
const UNCOUNTED_BYTES = 1024 * 1024;
/** Members and items of one text. 60 MiB of `{}` are 42 million; a list of 100,000 images has some 4 million. */
export const JSON_ITEMS_LIMIT: number = 8 * 1024 * 1024;

/** What the error says. */
export const TOO_MANY_ITEMS: string = `the answer has more than ${JSON_ITEMS_LIMIT} items in JSON, which would fill the memory`;

/** Braces, brackets, commas and colons: each item of a text has one; those inside strings are counted, too. */
const COUNTED = new Uint8Array(256);
for (const character of '{[,:') COUNTED[character.charCodeAt(0)] = 1;

/** Whether a text has so many items that it is not to be parsed. */
export function hasTooManyItems(source: Uint8Array | string): boolean {
  if (source.length <= UNCOUNTED_BYTES) return false;
  let items = 0;
  if (typeof source === 'string') {
    for (let i = 0; i < source.length; i++) items += COUNTED[source.charCodeAt(i)] ?? 0;
  } else for (const byte of source) items += COUNTED[byte] as number;
  return items > JSON_ITEMS_LIMIT;
}
