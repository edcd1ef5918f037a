// Which credentials a call sends to its registry: the call's own, else the client's, and never those of another registry.
// Functions are asked when the call is made, other credentials are checked as soon as the method is called.

import { abortable } from '../async/abort.ts';
import { escapeText } from '../bytes.ts';
import { assertCredentialsMatch, credentialsMatchRegistry, encodeRegistryAuth, serverAddress } from '../api/credentials.ts';
import type { CredentialChoice, CredentialSource, RegistryPlace } from '../api/credentials.ts';
import { CredentialError, callersCall } from '../errors.ts';

/** The registry of a call, and the credentials for it. */
export interface RegistryAccess {
  /** The key under which credentials for the registry are stored: `https://index.docker.io/v1/` for the Docker Hub. */
  readonly key: string;
  readonly repository: string | undefined;
  readonly credentials: CredentialChoice | CredentialSource;
}

/**
 * Chooses the credentials for a registry. Credentials of a call that name another registry are an `ArgumentError`; those of the
 * client that do so are not used.
 */
export function registryAccess(
  { host, repository }: RegistryPlace,
  ofCall: CredentialChoice | CredentialSource,
  ofClient: CredentialChoice | CredentialSource,
): RegistryAccess {
  const key = serverAddress(host);
  assertCredentialsMatch(key, ofCall);
  return { key, repository, credentials: ofCall ?? (credentialsMatchRegistry(key, ofClient) ? ofClient : undefined) };
}

/** Returns the value of `X-Registry-Auth`; undefined if there are no credentials and the endpoint does not need the field. */
export async function registryAuth(
  { key, repository, credentials: choice }: RegistryAccess,
  isRequired: boolean,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  let credentials: CredentialChoice;
  if (typeof choice === 'function') {
    credentials = await abortable(Promise.resolve(callersCall(() => choice(key, { repository, signal }))), signal);
    if (!credentialsMatchRegistry(key, credentials)) {
      const message = `asked for the credentials of ${escapeText(key)}, the credentials function returned those of another registry (serverAddress)`;
      throw new CredentialError(message, { registry: key });
    }
  } else credentials = choice;
  return credentials === undefined && !isRequired ? undefined : encodeRegistryAuth(credentials, key);
}
