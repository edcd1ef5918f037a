// The public surface of `longshore/testing`: record an engine once, replay it in your tests.

export { record } from './testing/record.ts';
export type { Recording, RecordOptions } from './testing/record.ts';
export { recorder } from './testing/recorder.ts';
export type { Recorder, RecordingNote } from './testing/recorder.ts';
export { replayDialer } from './testing/replay-dialer.ts';
export type { Pieces, ReplayDialer, ReplayDialerOptions } from './testing/replay-dialer.ts';
export { replay } from './testing/replay.ts';
export type { Replay, ReplayOptions } from './testing/replay.ts';
export type { RequestLine, Order } from './testing/script.ts';
export { TAPE_LIMIT, encodeTape, parseTape } from './testing/tape.ts';
export type { Tape, TapeHeader, TapeRecord } from './testing/tape.ts';
