// An engine of a test's own, of the kind under test, that it may kill and stop: the one under test serves others, too.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENGINE } from './support.ts';

const script = fileURLToPath(new URL('engine.sh', import.meta.url));
const kind = ENGINE.isPodman ? 'podman' : 'docker';
const program = ENGINE.isPodman ? 'podman' : 'dockerd';

/** Why there can be none here, or undefined. */
export const noVictim: string | undefined =
  process.getuid?.() !== 0
    ? 'it takes root to start one'
    : spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${program} docker-registry htpasswd`]).status === 0
      ? undefined
      : `there is no ${program} here, or no registry`;

export interface Victim {
  readonly host: string;
  /** Its registry without a login, which outlives it. */
  readonly registry: string;
  kill(signal: NodeJS.Signals): void;
  /** Starts it again behind the same socket, with the images that it had. */
  restart(): void;
  remove(): void;
}

/** Starts one; a second or two. */
export function startVictim(): Victim {
  const folder = mkdtempSync('/tmp/longshore-victim-'); // the paths of sockets are short
  const run = (command: string): string => {
    // Not all of the environment: docker-registry takes REGISTRY_AUTH for a part of its configuration.
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], LONGSHORE_ENGINE: folder };
    const done = spawnSync('bash', [script, command, kind], { env });
    if (done.status !== 0) throw new Error(`engine.sh ${command} ${kind}: ${done.stderr}`);
    return done.stdout.toString();
  };
  const settings = new Map([...run('start').matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
  return {
    host: settings.get('DOCKER_HOST') ?? '',
    registry: settings.get('REGISTRY') ?? '',
    kill(signal) {
      const pid = Number(readFileSync(join(folder, `${kind}.pid`), 'utf8'));
      process.kill(pid, signal);
      while (signal === 'SIGSTOP' && !isStopped(pid));
    },
    restart: () => void run('restart'),
    remove: () => void run('stop'),
  };
}

/** Whether all of its threads are: they stop one after the other, and one is enough to answer. */
function isStopped(pid: number): boolean {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.every((task) => /\) T /.test(readFileSync(`/proc/${pid}/task/${task}/stat`, 'latin1')));
}
