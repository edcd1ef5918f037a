// Turns progress events into text: frames for a terminal, or plain lines. It has no stream and no clock of its own.

import { ProgressTotals } from '../index.ts';
import type { LayerEvent, ProgressEvent } from '../index.ts';
import { printable, widthOf } from './printable.ts';
import { layerLines, lineHead, progressLines } from './progress-lines.ts';
import { Transfer } from './transfer-line.ts';
import { TransferRate } from './transfer-rate.ts';

/** The minimum time between two frames: 20 frames per second. */
export const FRAME_MS = 50;
/** The time after which a frame is drawn without a new event: the rate falls, and the window size may change. */
const STILL_MS = 1000;

/** A view of the progress. Each method returns the text to write now, often an empty one. */
export interface ProgressView {
  take(event: ProgressEvent, nowMs: number): string;
  /** To be called every `FRAME_MS`: returns the next frame when it is due. */
  tick(nowMs: number): string;
  /** To be called at the end, also after an error: returns the last frame. */
  finish(): string;
}

/** The current size of the terminal. */
export interface Screen {
  columns(): number;
  rows(): number;
}

/** Returns a view that writes a line for each message and for each status change of a layer. */
export function plainView(): ProgressView {
  const statuses = new Map<string, string>();
  let dropped = 0;
  return {
    take(event) {
      if (event.type === 'upload') return '';
      if (event.type !== 'layer') {
        statuses.clear(); // a pull of all tags repeats the same IDs for the next tag
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

/** More layers, and longer lines about layers, are not kept or shown. `ProgressTotals` has the same limit. */
const MOST_LAYERS = 4096;
const LONGEST_LINE = 1024;

/**
 * Returns a view that repaints a line for each layer and one for the total. Any other message ends this table and starts a new
 * one below. At the end, the lines of the layers stay on the screen, as with the docker command.
 */
export function terminalView(screen: Screen): ProgressView {
  const totals = new ProgressTotals();
  const rate = new TransferRate();
  /** The upload of an archive, shown below the layers. */
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
    // The last frame may be longer than the screen, as it is not overwritten.
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
      // Before `totals` takes the event, which may end this table.
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

// Hidden while frames are drawn: a jumping cursor flickers.
export const HIDE_CURSOR = '\x1b[?25l';
export const SHOW_CURSOR = '\x1b[?25h';

/** Returns the lines for an event that is not about a layer; `aux` events are for programs and give no line. */
function saidLines(event: Exclude<ProgressEvent, LayerEvent>): string {
  if (event.type === 'aux' || event.type === 'upload') return '';
  if (event.type === 'headline') return `${lineHead(event.id, event.status)}\n`;
  const lines = event.text.trimEnd().split(/\r?\n/);
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** Moves the cursor up over the old lines and writes the new ones over them. */
function overwrite(painted: readonly number[], lines: readonly string[], columns: number): string {
  // If the window has become narrower, the terminal has wrapped the old lines.
  const rows = painted.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
  const up = rows > 0 ? `\x1b[${rows}A` : '';
  // Erasing after the text does not flicker. The last sequence erases what wrapped lines left below.
  return `${up}\r${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`;
}

// Some terminals erase the last column together with what follows it, so it stays empty.
const roomOf = (columns: number): number => columns - 1;
