// Measures the first answer of a process: it starts, imports a client, lists the images and ends. Prints the time beyond that of an
// empty Node process that is started just before, so that the time of starting Node does not hide the difference.
import { spawnSync } from 'node:child_process';

const { native, contender, socket } = JSON.parse(process.argv[2]);
const dist = new URL('../../dist/', import.meta.url);
const code = (text) => [process.execPath, '--input-type=module', '--eval', text];
const from = (name) => JSON.stringify(import.meta.resolve(name));
const path = '/v1.41/images/json';

const longshore = (options) => `
  import { ImageClient } from ${JSON.stringify(new URL('index.js', dist))};
  const docker = new ImageClient(${JSON.stringify({ host: `unix://${socket}`, ...options })});
  await docker.images();
  docker.close();`;
const programs = {
  longshore: () => code(longshore({ version: '1.41' })),
  'longshore:negotiated': () => code(longshore({})),
  'longshore:command': () => [process.execPath, new URL('cli/main.js', dist).pathname, 'ls'],
  'node-http': () => code(`
    import http from 'node:http';
    await new Promise((resolve) => http.get(${JSON.stringify({ socketPath: socket, path })}, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += chunk)).on('end', () => resolve(JSON.parse(text)));
    }));`),
  undici: () => code(`
    import { Client } from ${from('undici')};
    const client = new Client('http://localhost', ${JSON.stringify({ socketPath: socket })});
    await (await client.request({ method: 'GET', path: '${path}' })).body.json();
    await client.close();`),
  dockerode: () => code(`
    import Docker from ${from('dockerode')};
    await new Docker(${JSON.stringify({ socketPath: socket })}).listImages();`),
  'docker-node-sdk': () => code(`
    import { DockerClient } from ${from('@docker/node-sdk')};
    const docker = await DockerClient.fromDockerHost('unix:${socket}');
    await docker.imageList();
    await docker.close();`),
  docker: () => ['docker', 'images'],
};

/** Runs a program to its end; `native` measures it. */
function measured(argv) {
  const env = { ...process.env, DOCKER_HOST: `unix://${socket}` };
  const { status, stderr } = spawnSync(native, ['measure', ...argv], { encoding: 'latin1', env });
  if (status !== 0) throw new Error(`${contender}: ${stderr}`);
  return JSON.parse(stderr.trimEnd().split('\n').at(-1));
}

const bare = contender === 'docker' ? { wall: 0, cpu: 0 } : measured(code('0'));
const { wall, cpu, rss } = measured(programs[contender]());
console.log(JSON.stringify({ wall: wall - bare.wall, cpu: cpu - bare.cpu, rss, count: 1 }));
