// The published surface of `longshore/testing`: record an engine once, replay it in your own tests.

export { recorder } from './testing/recorder.ts';
export type { Recorder } from './testing/recorder.ts';
export { replayDialer } from './testing/replay.ts';
export type { ReplayDialer, ReplayOptions } from './testing/replay.ts';
export { TAPE_LIMIT, encodeTape, parseTape } from './testing/tape.ts';
export type { Tape, TapeHeader, TapeRecord } from './testing/tape.ts';
