// Removes all temporary folders and kills all child processes when the tests end, also when a signal ends them and no `afterAll`
// runs. All temporary folders are made in one folder.
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Has an effect on threads that start after this call: each gets a copy of the environment. */
export function leaveNothingBehind() {
  const folder = mkdtempSync(join(tmpdir(), 'ls-')); // short, because the path of a socket has at most 107 bytes
  chmodSync(folder, 0o755); // some tests start a program as another user
  process.env.TMPDIR = folder;
  process.on('exit', () => {
    killChildren();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 }); // the threads of the tests may still write
    killChildren(); // and may have started one more
  });
}

/** Kills the processes that this one has started; on Linux only, where /proc lists them. */
function killChildren() {
  for (const name of listOf('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // proc(5): pid (comm) state ppid
      const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'latin1'))?.[1];
      if (Number(parent) === process.pid) process.kill(Number(name), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

function listOf(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
