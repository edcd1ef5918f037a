// What the two wires note of an exchange alike: its bytes, both ways.

import type { ExchangeNotes } from './engine-request.ts';

/** These blocks are given to the connection. */
export function countSent(notes: ExchangeNotes | undefined, blocks: readonly Uint8Array[]): void {
  if (notes !== undefined) for (const block of blocks) notes.bytesSent += block.length;
}

/** These bytes came. */
export function noteReceived(notes: ExchangeNotes | undefined, bytes: Uint8Array): void {
  if (notes !== undefined) notes.bytesReceived += bytes.length;
}
