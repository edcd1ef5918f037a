// Turns progress events into text: frames for a terminal, or plain lines. It does not write, and callers pass the time.

import { ProgressTotals } from '../index.ts';
import type { LayerEvent, ProgressEvent } from '../index.ts';
import { printable, widthOf } from './printable.ts';
import { layerLines, lineHead, progressLines } from './progress-lines.ts';
import { Transfer } from './transfer-line.ts';
import { TransferRate } from './transfer-rate.ts';

/** The minimum time between two frames: 20 frames per second. */
export const FRAME_MS = 50;
/** The time after which a frame is drawn without a new event, because the rate falls and the window size may change. */
const STILL_MS = 1000;

/** A view of the progress. Each method returns the text to write now, which is often empty. */
export interface ProgressView {
  take(event: ProgressEvent, nowMs: number): string;
  /** Must be called every `FRAME_MS`: returns the next frame when it is due. */
  tick(nowMs: number): string;
  /** Must be called at the end, also after an error: returns the last frame. */
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
        return messageLines(event);
      }
      const status = event.status.replace(/^Retrying in \d.*/s, 'Retrying'); // a countdown is one change
      if (statuses.get(event.id) === status) return '';
      const isNew = !statuses.has(event.id);
      if (event.id.length + event.status.length > LONGEST_LINE || (isNew && statuses.size >= MOST_LAYERS)) {
        dropped++;
        return '';
      }
      statuses.set(event.id, status);
      return `${lineHead(event.id, event.status)}\n`;
    },
    tick: () => '',
    finish: () => (dropped === 0 ? '' : `${dropped} more lines about layers were not shown\n`),
  };
}

/** The maximum number of layers, and of characters in a line about a layer. `ProgressTotals` has the same limits. */
const MOST_LAYERS = 4096;
const LONGEST_LINE = 1024;

/**
 * Returns a view that repaints a line for each layer and one for the total. Any other message ends this table and starts a new
 * one below. At the end, the lines of the layers stay on the screen, as with the docker command.
 */
export function terminalView(screen: Screen): ProgressView {
  return new TerminalView(screen);
}

class TerminalView implements ProgressView {
  readonly #screen: Screen;
  readonly #totals = new ProgressTotals();
  readonly #rate = new TransferRate();
  /** The upload of an archive, shown below the layers. */
  #upload: Transfer | undefined;
  /** The widths of the lines that the next frame overwrites. */
  #painted: readonly number[] = [];
  #paintedAtMs = -Infinity;
  #hasChanged = false;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  take(event: ProgressEvent, nowMs: number): string {
    if (event.type === 'aux') return '';
    if (event.type === 'upload') {
      (this.#upload ??= new Transfer('Uploading')).take(event);
      this.#hasChanged = true;
      return this.tick(nowMs);
    }
    // This comes before the totals get the event, because the event may end this table.
    const before = event.type === 'layer' ? '' : this.finish() + messageLines(event);
    this.#totals.take(event);
    if (event.type !== 'layer') return before;
    this.#hasChanged = true;
    return this.tick(nowMs);
  }

  tick(nowMs: number): string {
    const isEmpty = this.#painted.length === 0;
    if (!this.#hasChanged && isEmpty) return '';
    if (nowMs - this.#paintedAtMs < (this.#hasChanged ? FRAME_MS : STILL_MS)) return '';
    const snapshot = this.#totals.snapshot();
    this.#rate.take(snapshot.bytes.current, nowMs);
    this.#paintedAtMs = nowMs;
    const room = roomOf(this.#screen.columns());
    const last = this.#upload === undefined ? [] : [this.#upload.line(nowMs, room)];
    const space = { room, rows: this.#screen.rows() - 1 - last.length };
    return (isEmpty ? HIDE_CURSOR : '') + this.#paint([...progressLines(snapshot, this.#rate.bytesPerSecond, space), ...last]);
  }

  finish(): string {
    if (!this.#hasChanged && this.#painted.length === 0) return '';
    // The last frame may have more lines than the screen, because it is not overwritten.
    const text = this.#paint(layerLines(this.#totals.snapshot(), roomOf(this.#screen.columns()))) + SHOW_CURSOR;
    this.#painted = [];
    this.#paintedAtMs = -Infinity;
    return text;
  }

  #paint(lines: readonly string[]): string {
    const text = overwrite(this.#painted, lines, this.#screen.columns());
    this.#painted = lines.map(widthOf);
    this.#hasChanged = false;
    return text;
  }
}

// The cursor is hidden while frames are drawn, because it would flicker.
export const HIDE_CURSOR = '\x1b[?25l';
export const SHOW_CURSOR = '\x1b[?25h';

/** Returns the lines for an event that is not about a layer. `aux` events are for programs and have no line. */
function messageLines(event: Exclude<ProgressEvent, LayerEvent>): string {
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
  // Text is erased after the new text is written, to avoid flicker. The last sequence erases the rest of wrapped lines.
  return `${up}\r${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`;
}

// Some terminals erase the last column together with what follows it, so it stays empty.
const roomOf = (columns: number): number => columns - 1;
