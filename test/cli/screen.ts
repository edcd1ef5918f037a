// A minimal terminal: what a user would see after everything that was written.

/** The rows of the screen and what has scrolled off it, without trailing blanks. */
export function screenAfter(written: string, columns: number): string[] {
  const rows: string[][] = [[]];
  let [row, column] = [0, 0];
  const line = (): string[] => (rows[row] ??= []);
  for (const [token] of written.matchAll(/\x1b\[\??\d*[A-Za-z]|[^]/gu)) {
    if (token === '\n') [row, column] = [row + 1, 0];
    else if (token === '\r') column = 0;
    else if (/^\x1b\[\d*A$/.test(token)) row = Math.max(0, row - Number(token.slice(2, -1) || 1));
    else if (token === '\x1b[K') line().length = Math.min(line().length, column);
    else if (token === '\x1b[J') [rows.length, line().length] = [row + 1, Math.min(line().length, column)];
    else if (/^\x1b\[\?25[hl]$/.test(token)) continue; // the cursor, hidden or shown
    else if (token.startsWith('\x1b')) throw new Error(`the screen does not know ${JSON.stringify(token)}`);
    else {
      if (column === columns) [row, column] = [row + 1, 0];
      line()[column++] = token;
    }
  }
  const texts = Array.from(rows, (cells) => Array.from(cells ?? [], (cell) => cell ?? ' ').join('').trimEnd());
  return texts.filter((text) => text !== '');
}
