// Progress as text: events go in, frames for a terminal or plain lines come out. It knows no stream and no clock.

import { ProgressTotals } from '../index.ts';
import type { LayerEvent, ProgressEvent } from '../index.ts';
import { printable, widthOf } from './printable.ts';
import { layerLines, lineHead, progressLines } from './progress-lines.ts';
import { Transfer } from './transfer-line.ts';
import { TransferRate } from './transfer-rate.ts';

/** At most one frame in that time: 20 a second. */
export const FRAME_MS = 50;
/** Where nothing comes, the speed goes down, and a window may have another size. */
const STILL_MS = 1000;

/** Draws; each method gives the text that is to be written now, often none. */
export interface ProgressView {
  take(event: ProgressEvent, nowMs: number): string;
  /** For every `FRAME_MS`: what was held back, once it is due. */
  tick(nowMs: number): string;
  /** For the end, however it came: what was held back. */
  finish(): string;
}

/** How large the terminal is now. */
export interface Screen {
  columns(): number;
  rows(): number;
}

/** A line for each thing said, and for each layer when its status changes: never one for each read. */
export function plainView(): ProgressView {
  const statuses = new Map<string, string>();
  let dropped = 0;
  return {
    take(event) {
      if (event.type === 'upload') return '';
      if (event.type !== 'layer') {
        statuses.clear(); // an "all tags" pull says the same ids again for the next tag
        return saidLines(event);
      }
      if (statuses.get(event.id) === event.status) return '';
      const isNew = !statuses.has(event.id);
      if (event.id.length + event.status.length > LONGEST_LINE || (isNew && statuses.size >= MOST_LAYERS)) {
        dropped++;
        return '';
      }
      statuses.set(event.id, event.status);
      return `${lineHead(event.id, event.status)}\n`;
    },
    tick: () => '',
    finish: () => (dropped === 0 ? '' : `${dropped} more lines about layers were not shown\n`),
  };
}

/** Of more layers, and longer lines about them, nothing is kept or shown; `ProgressTotals` counts no more layers either. */
const MOST_LAYERS = 4096;
const LONGEST_LINE = 1024;

/**
 * A line for each layer and one for them all, painted over and over in their place; whatever else is said begins a new
 * table below. What stays on the screen is as the docker command leaves it: the layers.
 */
export function terminalView(screen: Screen): ProgressView {
  const totals = new ProgressTotals();
  const rate = new TransferRate();
  /** Of the archive, as long as no more than that is known of it. */
  let upload: Transfer | undefined;
  /** The widths of the lines that the next frame overwrites. */
  let painted: readonly number[] = [];
  let paintedAtMs = -Infinity;
  let changed = false;

  function paint(lines: readonly string[]): string {
    const text = overwrite(painted, lines, screen.columns());
    painted = lines.map(widthOf);
    changed = false;
    return text;
  }
  function finish(): string {
    if (!changed && painted.length === 0) return '';
    // The last frame may be longer than the screen: nothing is to be overwritten any more.
    const text = paint(layerLines(totals.snapshot(), roomOf(screen.columns()))) + SHOW_CURSOR;
    painted = [];
    paintedAtMs = -Infinity;
    return text;
  }
  function tick(nowMs: number): string {
    if (!changed && painted.length === 0) return '';
    if (nowMs - paintedAtMs < (changed ? FRAME_MS : STILL_MS)) return '';
    const snapshot = totals.snapshot();
    rate.take(snapshot.bytes.current, nowMs);
    paintedAtMs = nowMs;
    const lead = painted.length === 0 ? HIDE_CURSOR : '';
    const room = roomOf(screen.columns());
    const last = upload === undefined ? [] : [upload.line(nowMs, room)];
    const space = { room, rows: screen.rows() - 1 - last.length };
    return lead + paint([...progressLines(snapshot, rate.bytesPerSecond, space), ...last]);
  }
  return {
    take(event, nowMs) {
      if (event.type === 'aux') return '';
      if (event.type === 'upload') {
        (upload ??= new Transfer('Uploading')).take(event);
        changed = true;
        return tick(nowMs);
      }
      // Before the totals hear of it: it may be the end of this table.
      const before = event.type === 'layer' ? '' : finish() + saidLines(event);
      totals.take(event);
      if (event.type !== 'layer') return before;
      changed = true;
      return tick(nowMs);
    },
    tick,
    finish,
  };
}

// A cursor that jumps with each frame is what flickers most.
export const HIDE_CURSOR = '\x1b[?25l';
export const SHOW_CURSOR = '\x1b[?25h';

/** What is not about a layer; what is for programs (`aux`) is none of it. */
function saidLines(event: Exclude<ProgressEvent, LayerEvent>): string {
  if (event.type === 'aux' || event.type === 'upload') return '';
  if (event.type === 'headline') return `${lineHead(event.id, event.status)}\n`;
  const lines = event.text.trimEnd().split(/\r?\n/);
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** Up one row for each that the old lines take now, then each new line over an old one. */
function overwrite(painted: readonly number[], lines: readonly string[], columns: number): string {
  // Where the window has become narrower, terminals have wrapped the old lines.
  const rows = painted.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
  const up = rows > 0 ? `\x1b[${rows}A` : '';
  // Erasing behind the text, not before it, does not flicker; one erases below, too, lest wrapped rests stay.
  return `${up}\r${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`;
}

// A text in the last column would be erased with what is behind it, in some terminals.
const roomOf = (columns: number): number => columns - 1;
