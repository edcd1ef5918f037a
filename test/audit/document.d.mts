export function importsOf(text: string): { readonly atOnce: string[]; readonly later: string[] };
export function countLines(text: string): Record<'lines' | 'comments' | 'empty' | 'code', number>;
