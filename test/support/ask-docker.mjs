// Asks the docker command itself which engine it means, in the situations of fixtures/config/answers.json:
//   node test/support/ask-docker.mjs > answers.json && mv answers.json fixtures/config/
// from the top of the repository. No engine is needed. The tests compare with those answers.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const docker = process.env.DOCKER ?? 'docker';
const { answers: situations } = JSON.parse(readFileSync('fixtures/config/answers.json', 'utf8'));

function ask(argv, environment) {
  const env = { HOME: '/nowhere', PATH: process.env.PATH, ...environment };
  return execFileSync(docker, argv, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function answer({ environment, options = [] }) {
  try {
    const context = ask([...options, 'context', 'show'], environment);
    const [{ Endpoints, TLSMaterial }] = JSON.parse(ask([...options, 'context', 'inspect', context], environment));
    const { Host, SkipTLSVerify } = Endpoints.docker;
    return { context, host: Host ?? null, skipTlsVerify: SkipTLSVerify, tlsFiles: (TLSMaterial.docker ?? []).sort() };
  } catch (error) {
    return { error: String(error.stderr).trim().split('\n').at(-1) };
  }
}

const version = ask(['--version'], {});
const answers = situations.map(({ environment, options }) => {
  return { environment, options, docker: answer({ environment, options }) };
});
console.log(`{ "version": ${JSON.stringify(version)}, "answers": [`);
console.log(answers.map((one) => `  ${JSON.stringify(one)}`).join(',\n'));
console.log('] }');
