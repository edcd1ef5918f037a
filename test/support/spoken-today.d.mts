import type { Buffer } from 'node:buffer';

export function asSpokenToday(engine: string, name: string, tape: Buffer): Buffer;
