// What people who know the docker command type, and what it means here.

/** The commands behind docker's management words: `longshore image ls` is `longshore ls`. */
const TWO_WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  image: {
    ls: 'ls', list: 'ls', rm: 'rm', remove: 'rm', prune: 'prune', inspect: 'inspect', history: 'history', pull: 'pull', push: 'push',
    save: 'save', load: 'load', import: 'import', tag: 'tag',
  },
  system: { df: 'df', events: 'events' },
  context: { ls: 'context', list: 'context', show: 'context' },
};

/** The words that stand before another one; `context` is a command of its own, too. */
export const managementWords: readonly string[] = Object.keys(TWO_WORDS).filter((word) => word !== 'context');

/** What follows such a word, for messages. */
export function wordsBehind(first: string): readonly string[] | undefined {
  return managementWords.includes(first) ? Object.keys(TWO_WORDS[first] ?? {}) : undefined;
}

/** What a command is called behind a management word: rm is `image rm` and `image remove`. */
export function secondWordsFor(command: string): string[] {
  const all = managementWords.flatMap((first) => Object.entries(TWO_WORDS[first] ?? {}));
  return all.flatMap(([second, name]) => (name === command ? [second] : []));
}

/** The command that two words name. */
export function commandOfTwoWords(first: string, second: string | undefined): string | undefined {
  const behind = Object.hasOwn(TWO_WORDS, first) ? TWO_WORDS[first] : undefined;
  return behind !== undefined && second !== undefined && Object.hasOwn(behind, second) ? behind[second] : undefined;
}

/** Commands of docker that are not about images. */
const FOREIGN =
  'attach build builder buildx checkpoint commit compose config container cp create diff exec export info init kill logs manifest network ' +
  'node pause plugin port ps rename restart run sbom scout secret service stack start stats stop swarm top trust unpause update volume wait';

/** Where to go with a word that is a command of docker and not one of ours; undefined for all other words. */
export function pointerFor(word: string): string | undefined {
  if (word === 'login' || word === 'logout') return `longshore uses the logins of docker and podman: run docker ${word}`;
  return FOREIGN.split(' ').includes(word) ? `longshore is for images only: run docker ${word}` : undefined;
}

/** Options of docker that stand before its command; those with a value would make the value the command. */
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

/** What to do instead of such an option; undefined for all others. */
export function insteadOf(option: string): string | undefined {
  return Object.hasOwn(OPTIONS, option) ? OPTIONS[option] : undefined;
}
