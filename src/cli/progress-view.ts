// Progress as text: events go in, frames for a terminal or plain lines come out. It knows no stream and no clock.

import { ProgressTotals } from '../index.ts';
import type { LayerEvent, LayerPhase, LayerProgress, ProgressEvent, ProgressSnapshot } from '../index.ts';
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

/**
 * A line for each layer and one for them all, painted over and over in their place; whatever else is said begins a new
 * table below. What stays on the screen is as the docker command leaves it: the layers.
 */
export function terminalView(screen: Screen): ProgressView {
  const totals = new ProgressTotals();
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
    const text = paint(lastLines(totals.snapshot(), screen.columns()));
    painted = [];
    paintedAtMs = -Infinity;
    return text;
  }
  function tick(nowMs: number): string {
    if (!changed || nowMs - paintedAtMs < FRAME_MS) return '';
    paintedAtMs = nowMs;
    return paint(tableLines(totals.snapshot(), screen.columns(), screen.rows() - 1));
  }
  return {
    take(event, nowMs) {
      if (event.type === 'aux') return '';
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

function lastLines({ layers }: ProgressSnapshot, columns: number): string[] {
  return layers.map((layer) => layerLine(layer, roomOf(columns)));
}

/** A line for each layer and one for all; where there is less room, the layers that are done become a number. */
function tableLines(snapshot: ProgressSnapshot, columns: number, rows: number): string[] {
  const { layers } = snapshot;
  const room = roomOf(columns);
  // One layer is its own total.
  const total = layers.length > 1 && rows > 2 ? [totalLine(snapshot, room)] : [];
  const free = rows - total.length;
  if (layers.length <= free) return [...lastLines(snapshot, columns), ...total];
  const open = layers.filter(({ phase }) => !donePhases.has(phase));
  const shown = open.slice(0, Math.max(0, free - 1));
  const summary = fit(`${layers.length - open.length} of ${layers.length} layers done`, room);
  return [summary, ...shown.map((layer) => layerLine(layer, room)), ...total];
}

const donePhases = new Set<LayerPhase>(['done', 'existing', 'skipped']);
/** In the others, what was measured before is no news. */
const measuredPhases = new Set<LayerPhase>(['downloading', 'extracting', 'pushing', 'loading', 'working']);

/** Room for `Verifying Checksum`, so that what follows stands below each other. */
const STATUS_COLUMNS = 18;
/** Room for `999.9MB/999.9MB`. */
const SIZES_COLUMNS = 15;
const LEAST_BAR = 10;
const WIDEST_BAR = 52;

function layerLine(layer: LayerProgress, room: number): string {
  const { id, status, phase, current } = layer;
  const head = lineHead(id, status);
  if (current === 0 || !measuredPhases.has(phase)) return fit(head, room);
  const lead = head.padEnd(lineHead(id, '').length + STATUS_COLUMNS);
  return fit(`${lead} ${measure(layer, room - widthOf(lead) - 1)}`, room);
}

/** How far it is: a bar and sizes where there is room for both, else sizes, else a percentage. */
function measure({ current, total, units }: LayerProgress, room: number): string {
  // Only bytes have sizes and a bar: containerd counts the seconds of an extraction.
  if (units !== undefined) return printable(`${current}${units}`);
  if (total === undefined) return humanSize(current);
  const sizes = `${humanSize(current)}/${humanSize(total)}`;
  return gauge(current / total, sizes, room) ?? percent((100 * current) / total);
}

/** The layers together. While their size is not known, there is only what has been carried. */
function totalLine({ layers, bytes, percentage }: ProgressSnapshot, room: number): string {
  const head = percentage === undefined ? 'Total' : `Total: ${percent(percentage)}`;
  const lead = head.padEnd(lineHead(layers[0]?.id, '').length + STATUS_COLUMNS);
  const current = humanSize(bytes.current);
  const sizes = bytes.totalKnown ? `${current}/${humanSize(bytes.total)}` : current;
  const fraction = percentage === undefined ? undefined : percentage / 100;
  return fit(`${lead} ${gauge(fraction, sizes, room - widthOf(lead) - 1) ?? ''}`.trimEnd(), room);
}

/** A bar, where there is room for it and something to draw, and sizes; undefined where not even they have room. */
function gauge(fraction: number | undefined, sizes: string, room: number): string | undefined {
  const padded = sizes.padStart(SIZES_COLUMNS);
  const barRoom = Math.min(WIDEST_BAR, room - SIZES_COLUMNS - 1);
  if (fraction !== undefined && barRoom >= LEAST_BAR) return `${bar(fraction, barRoom)} ${padded}`;
  return room >= SIZES_COLUMNS ? padded : undefined;
}

function percent(percentage: number): string {
  return `${Math.floor(percentage)}%`.padStart(4);
}

function bar(fraction: number, columns: number): string {
  const inner = columns - 2;
  const filled = '='.repeat(Math.floor(fraction * inner));
  return `[${(filled + '>').slice(0, inner).padEnd(inner)}]`;
}
