// Words of the docker command: two-word commands that longshore accepts, and hints for commands and options that it does not have.

/** Docker's management words, and the command that each second word means: `longshore image ls` is `longshore ls`. */
const TWO_WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  image: {
    ls: 'ls', list: 'ls', rm: 'rm', remove: 'rm', prune: 'prune', inspect: 'inspect', history: 'history', pull: 'pull', push: 'push',
    save: 'save', load: 'load', import: 'import', tag: 'tag',
  },
  system: { df: 'df', events: 'events' },
  context: { ls: 'context', list: 'context', show: 'context' },
};

/** The words that need a second word. `context` is not in this list, because it is also a command. */
export const managementWords: readonly string[] = Object.keys(TWO_WORDS).filter((word) => word !== 'context');

/** Returns the words that may follow a management word; undefined for other words. */
export function secondWords(first: string): readonly string[] | undefined {
  return managementWords.includes(first) ? Object.keys(TWO_WORDS[first] ?? {}) : undefined;
}

/** Returns the names of a command after a management word: `rm` and `remove` for `rm`. */
export function secondWordsFor(command: string): string[] {
  const all = managementWords.flatMap((first) => Object.entries(TWO_WORDS[first] ?? {}));
  return all.flatMap(([second, name]) => (name === command ? [second] : []));
}

/** Returns the command that two words name. */
export function commandOfTwoWords(first: string, second: string | undefined): string | undefined {
  const nextWords = Object.hasOwn(TWO_WORDS, first) ? TWO_WORDS[first] : undefined;
  return nextWords !== undefined && second !== undefined && Object.hasOwn(nextWords, second) ? nextWords[second] : undefined;
}

/** Docker commands that are not about images. */
const FOREIGN =
  'attach build builder buildx checkpoint commit compose config container cp create diff exec export info init kill logs manifest network ' +
  'node pause plugin port ps rename restart run sbom scout secret service stack start stats stop swarm top trust unpause update volume wait';

/** Returns a hint for a docker command that longshore does not have; undefined for other words. */
export function hintFor(word: string): string | undefined {
  if (word === 'login' || word === 'logout') return `longshore uses the logins of docker and podman; run docker ${word}`;
  return FOREIGN.split(' ').includes(word) ? `longshore manages images only; run docker ${word}` : undefined;
}

/** Docker's options that precede its command, with a hint for longshore. */
const OPTIONS: Readonly<Record<string, string>> = {
  '-c': 'give --context NAME',
  '-v': 'give --version',
  '-l': 'set NODE_DEBUG=longshore',
  '--log-level': 'set NODE_DEBUG=longshore',
  '-D': 'set NODE_DEBUG=longshore',
  '--debug': 'set NODE_DEBUG=longshore',
  '--config': 'set DOCKER_CONFIG to the folder',
  '--tls': 'set DOCKER_TLS',
  '--tlsverify': 'set DOCKER_TLS_VERIFY, and DOCKER_CERT_PATH to the folder of the certificates',
  '--tlscacert': 'set DOCKER_CERT_PATH to the folder of the certificates',
  '--tlscert': 'set DOCKER_CERT_PATH to the folder of the certificates',
  '--tlskey': 'set DOCKER_CERT_PATH to the folder of the certificates',
};

/** Returns the hint for such an option; undefined for other options. */
export function equivalentOf(option: string): string | undefined {
  return Object.hasOwn(OPTIONS, option) ? OPTIONS[option] : undefined;
}
