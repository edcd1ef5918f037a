// Reports exchanges: with NODE_DEBUG=longshore, a line on stderr for each; and messages on diagnostics channels. Reports contain
// no values of header fields and no content.

import { channel } from 'node:diagnostics_channel';
import type { Channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { ExchangeReport, Observation, Observe } from '../connection/diagnostics.ts';

const log = debuglog('longshore');

/**
 * Each message is an `ExchangeReport`. All channels of an exchange get the same object, whose members are set as the exchange
 * proceeds, so a tracer can store its span in a WeakMap. `start` is published in the caller's asynchronous context.
 */
const channels = {
  start: channel('longshore:request:start'),
  /** The head of the final response has arrived: `status`, `headMs`, `reusedSocket`. */
  head: channel('longshore:request:head'),
  /** The response has ended completely: `durationMs`, `bytesSent`, `bytesReceived`. */
  end: channel('longshore:request:end'),
  /** Published instead of `end`. `error` is set; it may be the reason of an abort. */
  error: channel('longshore:request:error'),
};

/** Observes an exchange. Returns undefined without NODE_DEBUG and without subscribers, to avoid allocations. */
export const observe: Observe = (request, address) => {
  const { start, head, end, error } = channels;
  const isWanted = log.enabled || start.hasSubscribers || head.hasSubscribers || end.hasSubscribers || error.hasSubscribers;
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
  const finish = (where: Channel): void => {
    report.durationMs = performance.now() - begun;
    where.publish(report);
    log('%s', line(report));
  };
  return {
    stats: report,
    responded(status) {
      report.status = status;
      report.headMs = performance.now() - begun;
      channels.head.publish(report);
    },
    ended: () => finish(channels.end),
    failed(error) {
      report.error = error;
      finish(channels.error);
    },
  };
}

/** `GET /v1.41/images/json on unix:///run/docker.sock: 200 in 12.3 ms, reused connection, 99 bytes sent, 2048 received`. */
function line({ method, target, address, status, durationMs = 0, error, ...rest }: ExchangeReport): string {
  // The message of an error may quote the engine, so only its name is printed. The caller gets the error itself.
  const failure = error === undefined ? [] : [`failed with ${error instanceof Error ? error.name : 'an aborted signal'}`];
  const outcome = [...(status === undefined ? [] : [status]), ...failure].join(', ');
  const connection = { true: 'reused connection', false: 'new connection', undefined: 'no connection' }[`${rest.reusedSocket}`];
  const behind = rest.trailingBytes > 0 ? `, ${rest.trailingBytes} of them after the response` : '';
  const bytes = `${rest.bytesSent} bytes sent, ${rest.bytesReceived} received${behind}`;
  return `${method} ${target} on ${address}: ${outcome} in ${durationMs.toFixed(1)} ms, ${connection}, ${bytes}`;
}
