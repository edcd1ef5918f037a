// Progress as text: events go in, frames for a terminal or plain lines come out. It knows no stream and no clock.

import type { LayerEvent, ProgressEvent } from '../index.ts';
import { fit, printable, widthOf } from './printable.ts';
import { humanSize } from './table.ts';

/** At most one frame in that time: 20 a second. */
export const FRAME_MS = 50;

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
  return {
    take(event) {
      if (event.type !== 'layer') {
        statuses.clear(); // an "all tags" pull says the same ids again for the next tag
        return saidLines(event);
      }
      if (statuses.get(event.id) === event.status) return '';
      statuses.set(event.id, event.status);
      return `${lineHead(event.id, event.status)}\n`;
    },
    tick: () => '',
    finish: () => '',
  };
}

/** A line for each layer, painted over and over in its place; whatever else is said begins a new table below it. */
export function terminalView(screen: Screen): ProgressView {
  const layers = new Map<string, LayerEvent>();
  /** The widths of the lines that the next frame overwrites. */
  let painted: readonly number[] = [];
  let paintedAtMs = -Infinity;
  let changed = false;

  function paint(rows: number): string {
    const lines = tableLines([...layers.values()], screen.columns(), rows);
    const text = overwrite(painted, lines, screen.columns());
    painted = lines.map(widthOf);
    changed = false;
    return text;
  }
  function finish(): string {
    // The last frame may be longer than the screen: nothing is to be overwritten any more.
    const text = changed || layers.size > painted.length ? paint(Infinity) : '';
    layers.clear();
    painted = [];
    paintedAtMs = -Infinity;
    return text;
  }
  function tick(nowMs: number): string {
    if (!changed || nowMs - paintedAtMs < FRAME_MS) return '';
    paintedAtMs = nowMs;
    return paint(screen.rows() - 1);
  }
  return {
    take(event, nowMs) {
      if (event.type === 'aux') return '';
      if (event.type !== 'layer') return finish() + saidLines(event);
      layers.set(event.id, updated(layers.get(event.id), event));
      changed = true;
      return tick(nowMs);
    },
    tick,
    finish,
  };
}

/** What is not about a layer; what is for programs (`aux`) is none of it. */
function saidLines(event: Exclude<ProgressEvent, LayerEvent>): string {
  if (event.type === 'aux') return '';
  if (event.type === 'headline') return `${lineHead(event.id, event.status)}\n`;
  const lines = event.text.trimEnd().split(/\r?\n/);
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function lineHead(id: string | undefined, status: string): string {
  return printable(id === undefined ? status : `${id}: ${status}`);
}

/** A total that was told once holds as long as the status does: engines leave it out at times. */
function updated(before: LayerEvent | undefined, event: LayerEvent): LayerEvent {
  const same = before?.status === event.status && before.units === event.units;
  return same && event.total === undefined ? { ...event, total: before.total } : event;
}

/** Up one row for each that the old lines take now, then each new line over an old one. */
function overwrite(painted: readonly number[], lines: readonly string[], columns: number): string {
  // Where the window has become narrower, terminals have wrapped the old lines.
  const rows = painted.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
  const up = rows > 0 ? `\x1b[${rows}A` : '';
  // Erasing behind the text, not before it, does not flicker; one erases below, too, lest wrapped rests stay.
  return `${up}\r${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`;
}

/** A line for each layer; where there is less room, those that are done become a number. */
function tableLines(layers: readonly LayerEvent[], columns: number, rows: number): string[] {
  // A text in the last column would be erased with what is behind it, in some terminals.
  const room = columns - 1;
  if (layers.length <= rows) return layers.map((layer) => layerLine(layer, room));
  const open = layers.filter((layer) => !isDone(layer));
  const shown = open.slice(0, Math.max(0, rows - 1));
  const summary = fit(`${layers.length - open.length} of ${layers.length} layers done`, room);
  return [summary, ...shown.map((layer) => layerLine(layer, room))];
}

function isDone({ status }: LayerEvent): boolean {
  return /^(?:Pull complete|Already exists|Layer already exists|Pushed|Mounted from|Loaded)/i.test(status);
}

/** Room for `Verifying Checksum`, so that what follows stands below each other. */
const STATUS_COLUMNS = 18;
/** Room for `999.9MB/999.9MB`. */
const SIZES_COLUMNS = 15;
const LEAST_BAR = 10;
const WIDEST_BAR = 52;

function layerLine(layer: LayerEvent, room: number): string {
  const { id, status, current } = layer;
  const head = lineHead(id, status);
  if (current === undefined) return fit(head, room);
  const lead = head.padEnd(lineHead(id, '').length + STATUS_COLUMNS);
  return fit(`${lead} ${measure(layer, current, room - widthOf(lead) - 1)}`, room);
}

/** How far it is: a bar and sizes where there is room for both, else sizes, else a percentage. */
function measure({ total, units }: LayerEvent, current: number, room: number): string {
  // Only bytes have sizes and a bar: containerd counts the seconds of an extraction.
  if (units !== undefined) return printable(`${current}${units}`);
  if (total === undefined) return humanSize(current);
  const done = Math.min(current, total); // Docker 20.10 tells a push of 11 bytes as 10,240 of 11
  const sizes = `${humanSize(done)}/${humanSize(total)}`.padStart(SIZES_COLUMNS);
  const barRoom = Math.min(WIDEST_BAR, room - SIZES_COLUMNS - 1);
  if (barRoom >= LEAST_BAR) return `${bar(done / total, barRoom)} ${sizes}`;
  return room >= SIZES_COLUMNS ? sizes : `${Math.floor((100 * done) / total)}%`.padStart(4);
}

function bar(fraction: number, columns: number): string {
  const inner = columns - 2;
  const filled = '='.repeat(Math.floor(fraction * inner));
  return `[${(filled + '>').slice(0, inner).padEnd(inner)}]`;
}
