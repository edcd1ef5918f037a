// What exchanges tell of themselves: a line each on stderr with NODE_DEBUG=longshore, and diagnostics channels.

import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { ExchangeReport, Observation, Observe } from '../connection/diagnostics.ts';

const log = debuglog('longshore');

/**
 * Each message is the `ExchangeReport`, on all channels of an exchange the same object, filled in as it goes on: so that
 * a tracer can keep its span in a WeakMap. `start` is published in the caller's own asynchronous context.
 */
const channels = {
  start: channel('longshore:request:start'),
  /** The head of the final answer is there: `status`, `headMs`, `reusedSocket`. */
  head: channel('longshore:request:head'),
  /** The answer has ended, whole: `durationMs`, `bytesSent`, `bytesReceived`. */
  end: channel('longshore:request:end'),
  /** In place of `end`: `error`, an abort's reason too. */
  error: channel('longshore:request:error'),
};
const all = Object.values(channels);

/** Observes an exchange, if anybody wants to know. */
export const observe: Observe = (request, address) => {
  const isWanted = log.enabled || all.some(({ hasSubscribers }) => hasSubscribers);
  return isWanted ? observation(request, address) : undefined;
};

function observation({ method, redactedTarget: target }: Parameters<Observe>[0], address: string): Observation {
  const report: ExchangeReport = {
    method,
    target,
    address,
    reusedSocket: undefined,
    status: undefined,
    headMs: undefined,
    durationMs: undefined,
    bytesSent: 0,
    bytesReceived: 0,
    trailingBytes: 0,
    error: undefined,
  };
  const begun = performance.now();
  channels.start.publish(report);
  return {
    notes: report,
    answered(status) {
      report.status = status;
      report.headMs = performance.now() - begun;
      channels.head.publish(report);
    },
    ended() {
      report.durationMs = performance.now() - begun;
      channels.end.publish(report);
      log('%s', line(report));
    },
    failed(error) {
      report.durationMs = performance.now() - begun;
      report.error = error;
      channels.error.publish(report);
      log('%s', line(report));
    },
  };
}

/** `GET /v1.41/images/json on unix:///run/docker.sock: 200 in 12.3 ms, reused connection, 99 bytes sent, 2048 received`. */
function line({ method, target, address, status, durationMs = 0, error, ...rest }: ExchangeReport): string {
  // The words of an error may be those of an engine; its kind says enough here, the error itself goes to the caller.
  const failure = error === undefined ? [] : [`failed with ${error instanceof Error ? error.name : 'an aborted signal'}`];
  const outcome = [...(status === undefined ? [] : [status]), ...failure].join(', ');
  const connection = { true: 'reused connection', false: 'new connection', undefined: 'no connection' }[`${rest.reusedSocket}`];
  const behind = rest.trailingBytes > 0 ? `, ${rest.trailingBytes} of them behind the answer` : '';
  const bytes = `${rest.bytesSent} bytes sent, ${rest.bytesReceived} received${behind}`;
  return `${method} ${target} on ${address}: ${outcome} in ${durationMs.toFixed(1)} ms, ${connection}, ${bytes}`;
}
