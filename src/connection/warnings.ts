// What a person should know though nothing failed: it goes to the client's `onWarning`, and never to the console.

import { runCallback } from '../errors.ts';

/** One thing to be known. */
export interface Warning {
  /**
   * `"engine"`: the engine's own `WARNING:` line, from a stream. `"plaintext-credentials"`: credentials are sent to another
   * machine unencrypted. `"readable-key"`: others than its owner may read a private key or stored credentials.
   * `"configuration"`: what the environment or a context says leaves a connection less safe than it looks, or names a file
   * of credentials that is not there. `"lost-name"`: an
   * image that is named by tag and digest is saved without its name. `"unchecked"`: an operation finished, and a question
   * about it failed, so that its result lacks a detail.
   */
  readonly kind: 'engine' | 'lost-name' | 'plaintext-credentials' | 'readable-key' | 'configuration' | 'unchecked';
  /** What it is about: the engine's address, an image, or a file. */
  readonly subject: string;
  /** A sentence for a person; that of an engine is data, with whatever characters it has. */
  readonly message: string;
}

/** Tells of a warning. What the handler throws is thrown here. */
export type Warn = (warning: Warning) => void;

/** Of so many subjects a client remembers that it has warned; it has one address, and a handful of files. */
const REMEMBERED = 1000;

/** Kinds that are about one operation and not about the client. */
const EVERY_TIME: ReadonlySet<Warning['kind']> = new Set(['engine', 'unchecked']);

/**
 * Tells the handler, each kind of warning once for each subject; what is about one operation, each time. A warning
 * counts as told when the handler has returned: one that throws refuses every call alike.
 */
export function warner(handler: Warn | undefined): Warn {
  const told = new Set<string>();
  return (warning) => {
    const key = `${warning.kind} ${warning.subject}`;
    if (handler === undefined || told.has(key)) return;
    runCallback(() => handler(warning));
    if (!EVERY_TIME.has(warning.kind) && told.size < REMEMBERED) told.add(key);
  };
}
