// When two request targets ask an engine for the same thing, though two clients write them differently.

/** `/v1.41` before the path: docker's own; libpod's `/v4.0.0` belongs to other routes. */
const versionPrefix = /^\/v1\.[0-9]+(?=\/)/;

/**
 * A text that is the same for targets that mean the same. Percent-encoding is undone, as engines undo it before they look
 * for a route. The order of parameters does not count, that of the values of one parameter does: it is a list's.
 */
export function comparableTarget(target: string, anyVersion: boolean): string {
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(target) ?? [];
  const parameters = new URLSearchParams(query);
  parameters.sort(); // by name, and stable
  return JSON.stringify([decoded(anyVersion ? withoutVersion(path) : path), ...parameters]);
}

/** Whether a request asks which version the engine speaks, and for nothing else: clients differ in whether they do. */
export function isPing({ method, target }: { readonly method: string; readonly target: string }): boolean {
  return (method === 'GET' || method === 'HEAD') && withoutVersion(target) === '/_ping';
}

function withoutVersion(path: string): string {
  return path.replace(versionPrefix, '');
}

/** What is no percent-encoding stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
