// Makes tables that fit the terminal: if it is narrow, first cuts columns, then omits columns.

import { fit, fitEnd, printable, widthOf } from './printable.ts';

/** One column. */
export interface Column {
  readonly title: string;
  /** The minimum width; only a column that has one may be cut. */
  readonly least?: number;
  /** Cuts cells at their start, because the end of a repository name is more useful. */
  readonly keep?: 'end';
  readonly align?: 'right';
  /** The column may be omitted; the highest number is omitted first. */
  readonly spare?: number;
}

/** Returns a table with a header line and a line for each row, within `room` columns if possible. */
export function fittedTable(columns: readonly Column[], rows: ReadonlyArray<readonly unknown[]>, room: number): string {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) => row.map(printable));
  const layout = columns.map((column, index) => ({ column, index, width: widest(cells, index) }));
  // A column that is empty in every row is omitted.
  const filled = layout.filter(({ index }) => rows.length === 0 || cells.some((row, at) => at > 0 && row[index] !== ''));
  const { gap, kept } = fitting(filled, room);
  return cells.map((row) => `${lineOf(row, kept, gap)}\n`).join('');
}

interface Placed {
  readonly column: Column;
  readonly index: number;
  readonly width: number;
}

interface Layout {
  readonly gap: number;
  readonly kept: readonly Placed[];
}

function widest(cells: ReadonlyArray<readonly string[]>, index: number): number {
  return cells.reduce((most, row) => Math.max(most, widthOf(row[index] ?? '')), 0);
}

/** Cells are padded to at most this width; otherwise one long text of an engine would widen all rows. */
export const WIDEST_COLUMN = 512;
const GAP = 3;
const NARROW_GAP = 2;

function fitting(placed: readonly Placed[], room: number): Layout {
  if (widthOfAll(placed, GAP) <= room) return { gap: GAP, kept: placed };
  const cut = shrunk(placed, room);
  if (widthOfAll(cut, NARROW_GAP) <= room) return { gap: NARROW_GAP, kept: cut };
  const spare = [...placed].sort((a, b) => (b.column.spare ?? 0) - (a.column.spare ?? 0))[0];
  if (spare?.column.spare === undefined) return { gap: NARROW_GAP, kept: cut };
  return fitting(placed.filter((each) => each !== spare), room);
}

function widthOfAll(placed: readonly Placed[], gap: number): number {
  return placed.reduce((sum, { width }) => sum + width + gap, -gap);
}

/** Shrinks the widest column by one, repeatedly, until the table fits or no column can shrink. */
function shrunk(placed: readonly Placed[], room: number): readonly Placed[] {
  // Columns are first cut to the room at once, because shrinking a long text by one column at a time is slow.
  const capped = placed.map((each) => ({ ...each, width: Math.min(each.width, Math.max(room, each.column.least ?? each.width)) }));
  const widths = capped.map(({ width }) => width);
  for (let excess = widthOfAll(capped, NARROW_GAP) - room; excess > 0; excess--) {
    const shrinkable = widths.map((width, at) => (width > (placed[at]?.column.least ?? Infinity) ? width : 0));
    const widest = Math.max(...shrinkable);
    if (widest === 0) break;
    widths[shrinkable.indexOf(widest)] = widest - 1;
  }
  return placed.map((each, at) => ({ ...each, width: widths[at] ?? 0 }));
}

function lineOf(row: readonly string[], kept: readonly Placed[], gap: number): string {
  const cells = kept.map(({ column, index, width }) => {
    const cell = (column.keep === 'end' ? fitEnd : fit)(row[index] ?? '', width);
    const blanks = ' '.repeat(Math.max(0, Math.min(width, WIDEST_COLUMN) - widthOf(cell)));
    return column.align === 'right' ? blanks + cell : cell + blanks;
  });
  return cells.join(' '.repeat(gap)).trimEnd();
}
