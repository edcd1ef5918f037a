// Compares request targets, because clients may write the same target differently.

/** The version prefix of the Docker API, `/v1.41`. The prefix of libpod, `/v4.0.0`, belongs to other routes. */
const versionPrefix = /^\/v1\.[0-9]+(?=\/)/;

/**
 * Returns equal texts for targets with the same meaning. Decodes percent-encoding, as engines do before they look for a route.
 * Ignores the order of parameters, but keeps the order of the values of one parameter, which are a list. With `anyVersion`, it
 * ignores the API version.
 */
export function comparableTarget(target: string, anyVersion: boolean): string {
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(target) ?? [];
  const parameters = new URLSearchParams(query);
  parameters.sort(); // by name, and stable
  return JSON.stringify([decoded(anyVersion ? withoutVersion(path) : path), ...parameters]);
}

/** Whether a request is a ping. Only some clients send pings, to find out the API version. */
export function isPing({ method, target }: { readonly method: string; readonly target: string }): boolean {
  return (method === 'GET' || method === 'HEAD') && withoutVersion(target) === '/_ping';
}

function withoutVersion(path: string): string {
  return path.replace(versionPrefix, '');
}

/** Decodes percent-encoding; text with an invalid encoding is not changed. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
