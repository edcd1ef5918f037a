// The variables that say where the engine is. This file alone reads the environment.

import { userInfo } from 'node:os';
import { VARIABLES } from '../docker/variables.ts';
import type { Surroundings, Variables } from '../docker/variables.ts';

/** Variables by their names. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where this program runs; `environment` in place of the process's own. */
export function surroundingsOf(environment: Environment = process.env): Surroundings {
  const variables: Variables = Object.fromEntries(VARIABLES.map((name) => [name, environment[name] || undefined]));
  const { platform } = process;
  return { platform, home: (platform === 'win32' ? variables.USERPROFILE : variables.HOME) ?? homeOfUser(), variables };
}

/** By the system's list of users, which need not know the one that a container runs as. */
function homeOfUser(): string | undefined {
  try {
    return userInfo().homedir || undefined;
  } catch {
    return undefined;
  }
}

/** The folders in which programs are looked for. */
export function searchPath(environment: Environment = process.env): string {
  return environment['PATH'] ?? '';
}
