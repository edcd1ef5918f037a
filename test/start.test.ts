import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const start = fileURLToPath(new URL('start.mjs', import.meta.url));
const run = (argv: string[] = []) =>
  spawnSync(process.execPath, [start, ...argv], {
    encoding: 'utf8',
    env: { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock', NO_COLOR: '1' },
  });

describe('npm start', () => {
  it('says in one line that no engine was found, and runs the demo with a recorded one', () => {
    const { status, stdout, stderr } = run();
    expect(stderr).toBe('');
    expect(stdout.split('\n')[0]).toMatch(/^No engine found \(.*unix:\/\/\/nowhere\/docker\.sock.*\)\.$/);
    const steps = [...stdout.matchAll(/^\d (.*?):/gm)].map((match) => match[1]);
    expect(steps).toEqual(['negotiate', 'import', 'list', 'save', 'remove', 'load', 'tidy up']);
    expect(stdout).toContain('longshore-demo/hello:1 is loaded again, with the same id');
    expect(stdout).toContain('→ POST /v1.41/images/load?quiet=0 HTTP/1.1');
    expect(status).toBe(0);
  });

  it('runs a command of the CLI if it has arguments', () => {
    const { status, stderr } = run(['ls']);
    expect(stderr).toContain('unix:///nowhere/docker.sock');
    expect(status).toBe(1);
    expect(run(['nonsense']).status).toBe(2);
  });
});
