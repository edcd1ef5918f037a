// Formats progress as lines within the width of the terminal: one for each layer, and one for the total.

import type { LayerPhase, LayerProgress, ProgressSnapshot } from '../index.ts';
import { fit, printable, widthOf } from './printable.ts';
import { humanSize } from './table.ts';
import { shortDuration } from './transfer-rate.ts';

/** Returns a line for each layer. */
export function layerLines({ layers }: ProgressSnapshot, room: number): string[] {
  return layers.map((layer) => layerLine(layer, room));
}

/** Returns a line for each layer and one for the total. If the terminal has fewer rows, finished layers are only counted. */
export function progressLines(
  snapshot: ProgressSnapshot,
  bytesPerSecond: number | undefined,
  { room, rows }: { readonly room: number; readonly rows: number },
): string[] {
  const { layers, bytes } = snapshot;
  const hasTotal = rows > 2 && (layers.length > 1 || bytes.total > 0);
  const total = hasTotal ? [totalLine(snapshot, bytesPerSecond, room)] : [];
  const free = rows - total.length;
  if (layers.length <= free) return [...layerLines(snapshot, room), ...total];
  const open = layers.filter(({ phase }) => !donePhases.has(phase));
  const shown = open.slice(0, Math.max(0, free - 1));
  const summary = fit(`${layers.length - open.length} of ${layers.length} layers done`, room);
  return [summary, ...shown.map((layer) => layerLine(layer, room)), ...total];
}

/** Returns a status, with the ID of the layer if it has one. */
export function lineHead(id: string | undefined, status: string): string {
  return printable(id === undefined ? status : `${id}: ${status}`);
}

const donePhases = new Set<LayerPhase>(['done', 'existing', 'skipped']);
/** The phases that show a measured progress. */
const measuredPhases = new Set<LayerPhase>(['downloading', 'extracting', 'pushing', 'loading', 'working']);

/** The width of `Verifying Checksum`, so that the next column is aligned. */
const STATUS_COLUMNS = 18;
/** Width of `999.9MB/999.9MB`. */
const SIZES_COLUMNS = 15;
/** Width of `999.9MB/s 59m59s left`. */
const PACE_COLUMNS = 21;
const LEAST_BAR = 10;
const WIDEST_BAR = 52;

function layerLine(layer: LayerProgress, room: number): string {
  const { id, status, phase, current } = layer;
  const head = lineHead(id, status);
  if (current === 0 || !measuredPhases.has(phase)) return fit(head, room);
  const lead = leading(head, id);
  return fit(`${lead} ${measure(layer, room - widthOf(lead) - 1)}`, room);
}

function leading(head: string, id: string | undefined): string {
  return head.padEnd(lineHead(id, '').length + STATUS_COLUMNS);
}

/** Formats the progress of a layer: bar and sizes if they fit, otherwise sizes, otherwise a percentage. */
function measure({ current, total, units }: LayerProgress, room: number): string {
  // Only bytes have sizes and a bar; for an extraction, containerd reports seconds.
  if (units !== undefined) return printable(`${current}${units}`);
  if (total === undefined) return humanSize(current);
  const sizes = `${humanSize(current)}/${humanSize(total)}`;
  return gauge(current / total, sizes, room) ?? percent((100 * current) / total);
}

/**
 * Formats the total. If the bar does not fit beside the rate, the bar is omitted. If the room is even smaller, only the most
 * important parts are shown.
 */
function totalLine({ layers, bytes, percentage }: ProgressSnapshot, bytesPerSecond: number | undefined, room: number): string {
  const head = percentage === undefined ? 'Total' : `Total: ${percent(percentage)}`;
  const current = humanSize(bytes.current);
  const sizes = bytes.totalKnown ? `${current}/${humanSize(bytes.total)}` : current;
  const pace = paceOf(bytes, bytesPerSecond);
  const lead = leading(head, layers[0]?.id);
  const left = room - widthOf(lead) - 1;
  const besidePace = left - PACE_COLUMNS - 2;
  if (besidePace > LEAST_BAR + SIZES_COLUMNS) {
    const measured = gauge(percentage === undefined ? undefined : percentage / 100, sizes, besidePace) ?? sizes;
    return fit(`${lead} ${measured}  ${pace.join(' ')}`.trimEnd(), room);
  }
  const barRoom = Math.min(WIDEST_BAR, left - SIZES_COLUMNS - 1);
  if (barRoom >= PACE_COLUMNS) return fit(`${lead} ${pace.join(' ').padEnd(barRoom)} ${sizes.padStart(SIZES_COLUMNS)}`, room);
  const text = [head, sizes, ...pace].join(' ');
  const size = bytes.totalKnown ? `of ${humanSize(bytes.total)}` : current;
  return widthOf(text) <= room ? text : joinFitting([head, size, ...pace], room);
}

/** Returns the rate and the remaining time, each if it is known. */
function paceOf({ current, total, totalKnown }: ProgressSnapshot['bytes'], bytesPerSecond: number | undefined): string[] {
  if (bytesPerSecond === undefined || (totalKnown && current >= total)) return [];
  const speed = `${humanSize(Math.round(bytesPerSecond), 3)}/s`;
  return totalKnown && bytesPerSecond >= 1 ? [speed, `${shortDuration((total - current) / bytesPerSecond)} left`] : [speed];
}

/** Joins parts, from the left, as long as they fit. */
function joinFitting(all: readonly string[], room: number): string {
  const parts = all.map((part) => part.replace(/ left$/, ''));
  while (parts.length > 1 && widthOf(parts.join(' ')) > room) parts.pop();
  return fit(parts.join(' '), room);
}

/** Returns a bar (if it fits and the fraction is known) and sizes; undefined if the sizes do not fit. */
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
