// The program's test, on any machine and in a moment: the engine is a tape. Both were made with Docker 20.10 and a registry
// beside it; the path of the engine's own folder is x's there, as many as it was long:
//
//   longshore record -o refresh.tape --listen /tmp/front.sock &
//   DOCKER_HOST=unix:///tmp/front.sock node refresh.js 127.0.0.1:5000/demo/{fresh,moved,same}:1
//   kill -INT %1
//
// For broken.tape, the registry had lost the layer of the image.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { replay } from 'longshore/testing';
import { refresh } from './refresh.js';

const tape = (name) => `${import.meta.dirname}/${name}.tape`;
const [fresh, moved, same, broken] = ['fresh', 'moved', 'same', 'broken'].map((name) => `127.0.0.1:5000/demo/${name}:1`);

test('tells new images from those that have changed and those that have not', async (t) => {
  const engine = await replay(tape('refresh'));
  t.after(() => engine.close());
  const layers = new Set();
  const outcomes = await refresh(new Docker({ socketPath: engine.socketPath }), [fresh, moved, same], ({ id, status }) => {
    if (status === 'Pull complete') layers.add(id);
  });
  assert.deepEqual(outcomes, { [fresh]: 'new', [moved]: 'updated', [same]: 'unchanged' });
  assert.equal(layers.size, 2);
  engine.verify(); // it has asked for all that is on the tape, in that order, and for nothing else
});

test('does not call a pull that failed on its way a success', async (t) => {
  const engine = await replay(tape('broken'));
  t.after(() => engine.close());
  const docker = new Docker({ socketPath: engine.socketPath });
  await assert.rejects(refresh(docker, [broken]), { message: 'unknown blob' });
  engine.verify();
});

test('prints what it has found, as a program of its own', async (t) => {
  const engine = await replay(tape('refresh'));
  t.after(() => engine.close());
  const env = { ...process.env, DOCKER_HOST: engine.host };
  const argv = [`${import.meta.dirname}/refresh.js`, fresh, moved, same];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { env });
  assert.equal(stdout, `${fresh}: new\n${moved}: updated\n${same}: unchanged\n`);
});

test('that asks for something else is told so, in the words of dockerode', async (t) => {
  const engine = await replay(tape('refresh'));
  t.after(() => engine.close());
  const docker = new Docker({ socketPath: engine.socketPath });
  await assert.rejects(refresh(docker, [same]), ({ message }) => {
    assert.match(message, /HTTP code 500.*the tape has no response to GET \/images\/127\.0\.0\.1:5000\/demo\/same:1\/json/s);
    return true;
  });
  assert.throws(() => engine.verify());
});
