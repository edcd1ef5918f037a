// The credentials that a call sends for its registry: applies rules 4 and 6 of api/credentials.ts. A function for credentials runs when
// the request is sent. The `serverAddress` of other credentials is checked as soon as the method of the client is called.

import { abortable } from '../async/abort.ts';
import { assertReturnedCredentialsMatch, chooseCredentials, encodeRegistryAuth, registryKey } from '../api/credentials.ts';
import type { CredentialChoice, CredentialSource, RepositoryLocation } from '../api/credentials.ts';
import { runCallback } from '../errors.ts';

/** The registry of a call, and the credentials for it. */
export interface RegistryAccess {
  /** The key under which credentials for the registry are stored: `https://index.docker.io/v1/` for the Docker Hub. */
  readonly key: string;
  readonly repository: string | undefined;
  readonly credentials: CredentialChoice | CredentialSource;
}

/** Chooses the credentials for a registry, by rules 2 and 3 of api/credentials.ts. */
export function registryAccess(
  { host, repository }: RepositoryLocation,
  ofCall: CredentialChoice | CredentialSource,
  ofClient: CredentialChoice | CredentialSource,
): RegistryAccess {
  const key = registryKey(host);
  return { key, repository, credentials: chooseCredentials(key, ofCall, ofClient) };
}

/** Returns the value of `X-Registry-Auth`; undefined if there are no credentials and the endpoint does not need the field. */
export async function registryAuth(
  { key, repository, credentials: choice }: RegistryAccess,
  isRequired: boolean,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  let credentials: CredentialChoice;
  if (typeof choice === 'function') {
    credentials = await abortable(Promise.resolve(runCallback(() => choice(key, { repository, signal }))), signal);
    assertReturnedCredentialsMatch(key, credentials);
  } else credentials = choice;
  return credentials === undefined && !isRequired ? undefined : encodeRegistryAuth(credentials, key);
}
