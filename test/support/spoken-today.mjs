// Adapts tapes that were recorded when longshore knew one API version less.

import { Buffer } from 'node:buffer';

/** Recorded at API 1.55 from an engine that speaks 1.56, by a client that knew no newer version than 1.55. */
const NEWER_THAN_ITS_CLIENT = 'docker-29.99-containerd';

/**
 * The bytes of a tape with the version that a client of today sends. API 1.56 changes nothing but what `Size` means in the
 * response to an inspect, so the recorded responses stay valid. A tape with a pinned version is not changed.
 */
export function asSpokenToday(engine, name, tape) {
  if (engine !== NEWER_THAN_ITS_CLIENT || name === 'version-not-spoken') return tape;
  const text = tape.toString('latin1').replace(/^(GET|POST|DELETE) \/v1\.55\//gm, '$1 /v1.56/');
  return Buffer.from(text, 'latin1');
}
