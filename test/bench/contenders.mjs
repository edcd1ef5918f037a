// How each contender is started, and its input: each run has its own process.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const has = (program, argv) => spawnSync(program, argv, { stdio: 'ignore' }).status === 0;
const versionOf = (name) => (existsSync(at(`node_modules/${name}/package.json`)) ? name : undefined);

/** Whether a contender can take part on this machine. */
export function isHere(name, native) {
  const programs = { curl: ['--version'], docker: ['--version'], sha256sum: ['--version'] };
  if (name === 'floor') return native !== undefined;
  if (name in programs) return native !== undefined && has(name, programs[name]);
  if (name === 'docker-py') return has('python3', ['-c', 'import docker']);
  const packages = {
    undici: 'undici',
    dockerode: 'dockerode',
    'docker-node-sdk': '@docker/node-sdk',
    'tar-stream': 'tar-stream',
    'node-tar': 'tar',
  };
  return packages[name] === undefined || versionOf(packages[name]) !== undefined;
}

const VERIFY = { unverified: false, digests: 'digests' };
const IMPORTS = {
  longshore: at('../../dist/index.js'),
  'node-http': 'node:http',
  undici: 'undici',
  dockerode: 'dockerode',
  'docker-node-sdk': '@docker/node-sdk',
};

/** Program and arguments of one run; undefined if the contender cannot do this. `run` is the input of contender.mjs. */
export function commandOf(contender, scenario, run, native) {
  const node = (told) => [process.execPath, '--expose-gc', at('contender.mjs'), JSON.stringify(told)];
  const measured = (...command) => [native, 'measure', ...command];
  if (scenario.program === 'first') {
    return [process.execPath, at('first-answer.mjs'), JSON.stringify({ native, contender, socket: run.socket })];
  }
  if (scenario.program === 'import') {
    const file = scenario.oneFile && contender === 'longshore' ? process.env.LONGSHORE_ONE_FILE : IMPORTS[contender];
    return [process.execPath, at('import-time.mjs'), file ?? IMPORTS.longshore];
  }
  if (contender === 'JSON.parse' && scenario.operation === 'progress') return node({ ...run, program: ['lines', contender] });
  if (scenario.program !== undefined) return node({ ...run, program: [scenario.program, contender] });
  if (contender === 'floor') return floorCommand(scenario, run, native);
  if (contender === 'curl') return measured('curl', ...curlArguments(scenario, run));
  if (contender === 'docker') return measured('docker', '--host', `unix://${run.socket}`, ...dockerArguments(scenario, run));
  if (contender === 'docker-py') return ['python3', at('peers/docker-py.py'), JSON.stringify(run)];
  if (contender === 'sha256sum') return measured('sha256sum', run.source);
  const [peer, variant] = contender.split(':');
  if (variant === 'stream-of-file') return node({ ...run, peer, operation: 'loadReadStream' });
  return node({ ...run, peer, verify: VERIFY[variant], anew: variant === 'anew' });
}

function floorCommand({ operation }, { socket, image, calls, file }, native) {
  const [kind, size] = image?.split(':') ?? [];
  const argv = {
    saveToSink: [kind, socket, size],
    saveIterated: [kind, socket, size],
    saveToFile: [kind, socket, size, file],
    loadFile: ['load', socket, '1', file],
    call: ['calls', socket, String(calls)],
    callAnew: ['connections', socket, String(calls)],
  }[operation];
  return argv && [native, 'floor', ...argv];
}

function curlArguments({ operation }, { socket, image, file }) {
  const save = (to) => [
    '--silent',
    '--fail',
    '--unix-socket',
    socket,
    '--output',
    to,
    `http://d/v1.41/images/get?names=${image}`,
  ];
  const load = [
    '--silent',
    '--fail',
    '--unix-socket',
    socket,
    '--request',
    'POST',
    '--upload-file',
    file,
    'http://d/v1.41/images/load?quiet=0',
  ];
  return { saveToSink: save('/dev/null'), saveToFile: save(file), loadFile: load }[operation];
}

function dockerArguments({ operation }, { image, file }) {
  return { saveToSink: ['save', image], saveToFile: ['save', '--output', file, image], loadFile: ['load', '--input', file] }[
    operation
  ];
}

/** Runs it; its last line of output is the result. Rejects if it fails; undefined if it cannot do this. */
export function runCommand([program, ...argv]) {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'latin1', maxBuffer: 2 ** 20, env: { ...process.env, NODE_OPTIONS: '' } };
    const measures = argv[0] === 'measure'; // its result is on standard error, because the program's own output is dropped
    const child = execFile(program, argv, options, (error, stdout, stderr) => {
      if (error?.code === 64) return resolve(undefined);
      if (error) return reject(new Error(`${program} ${argv.join(' ')}: ${stderr || error.message}`));
      resolve(JSON.parse((measures ? stderr : stdout).trimEnd().split('\n').at(-1)));
    });
    child.stdin.end();
  });
}
