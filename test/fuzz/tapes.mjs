// Recorded responses, changed in places, through the whole client: each call ends with a result or with an error of ours.

import { readFileSync, readdirSync } from 'node:fs';
import { asSpokenToday } from '../support/spoken-today.mjs';
import { cases } from '../support/tape-cases.mjs';
import { ImageClient, errors, packTar, parseTape, replayDialer } from './library.mjs';
import { demand, mutate } from './random.mjs';

export const name = 'tapes';
/** Each case is one or several whole calls: it costs as much as this number of cases of other targets. */
export const cost = 10;

const dictionary = [
  '\r\n', '\n', '\0', '{', '}', '"', '[', ']', 'null', '0\r\n\r\n', '5\r\n', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 500 Oh\r\n',
  'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', '{"errorDetail":{"message":"x"}}', '{"error":"x"}', '\xff',
  '1e999', '-1', '"__proto__":', '[[[[', 'HTTP/1.1 100 C\r\n\r\n',
];

/** Larger tapes take too long. */
const LARGEST = 8 * 1024;
/** Cases that wait for a time in the future, or need files of the machine. */
const LEFT_OUT = /^(demo|import-refused-early|events-until)$/;

const folder = new URL('../../fixtures/tapes/', import.meta.url);
const tapes = readdirSync(folder)
  .sort()
  .flatMap((engine) =>
    readdirSync(new URL(`${engine}/`, folder))
      .sort()
      .flatMap((file) => {
        const one = cases.find((each) => `${each.name}.tape` === file && !each.overlaps && !LEFT_OUT.test(each.name));
        const bytes = one && asSpokenToday(engine, one.name, readFileSync(new URL(`${engine}/${file}`, folder)));
        return one && bytes.length <= LARGEST ? [{ one, title: `${engine}/${one.name}`, tape: parseTape(bytes) }] : [];
      }),
  );
const environment = {
  registry: '127.0.0.1:5000',
  login: { registry: '127.0.0.1:5001', username: 'u', password: 'any' },
  packTar,
};

export function make(random) {
  const { one, title, tape } = random.pick(tapes);
  const received = tape.records.flatMap(({ type }, index) => (type === 'received' ? [index] : []));
  const chosen = random.pick(received);
  const how = random.pick(['eof', 'reset']);
  const changed = { ...tape.records[chosen], bytes: mutate(random, tape.records[chosen].bytes, dictionary) };
  const before = tape.records.map((record, index) => (index === chosen ? changed : record));
  const records = ended(before, chosen, how);
  const pieces = random.once(2) ? 'whole' : random.integer(0, 1e6);
  return { one, title, tape: { ...tape, records }, pieces, chosen };
}

/** The connection ends after the changed response and after the last one, so that no call waits for more. */
function ended(records, chosen, how) {
  const { connection } = records[chosen];
  const another = 1 + Math.max(...records.map((record) => record.connection));
  const over = (number) => ({ type: 'over', connection: number, how });
  const move = (record) => (record.connection === connection ? { ...record, connection: another } : record);
  const isNext = ({ type, connection: its }, index) => index > chosen && its === connection && type === 'sent';
  const next = records.findIndex(isNext);
  const moved = next === -1 ? records : [...records.slice(0, next), over(connection), ...records.slice(next).map(move)];
  const isOver = (number) => moved.some((record) => record.type === 'over' && record.connection === number);
  const open = [...new Set(moved.map((record) => record.connection))].filter((number) => !isOver(number));
  return [...moved, ...open.map(over)];
}

export async function check({ one, tape, pieces }) {
  const docker = new ImageClient({ ...one.client, dialer: replayDialer(tape, { pieces }) });
  try {
    await one.run(docker, environment);
    return 'read';
  } catch (error) {
    // A case that reads members of its result may find fewer than an engine sends.
    const place = error instanceof TypeError ? error.stack.split('\n').find((line) => /^\s+at /.test(line)) : undefined;
    if (place?.includes('tape-cases.mjs')) return 'read';
    demand(error instanceof errors.LongshoreError, `an error of ours, not ${error?.stack}`);
    // The lines of an engine's message are indented, so that they cannot look like the program's own lines.
    demand(
      error.message.length < 10_000 && !/[\p{Cc}\p{Cs}]/u.test(error.message.replaceAll('\n  ', ' ')),
      `a message that can be shown, not ${JSON.stringify(error.message)}`,
    );
    return error.name;
  } finally {
    docker.close();
  }
}

export const show = ({ title, tape, chosen, pieces }) =>
  `${title}, in pieces ${pieces}, received: ${JSON.stringify(Buffer.from(tape.records[chosen].bytes).toString('latin1'))}`;
export function* shrink() {}
