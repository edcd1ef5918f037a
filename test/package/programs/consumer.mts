// Uses our types as a user's program does; every supported TypeScript compiles it. If the types were `any`, each
// `@ts-expect-error` would be reported as an error.
import { ImageClient, NotFoundError, dockerConfig, packTar } from 'longshore';
import type { ImageInspect, ProgressEvent, PullResult, TarEntry } from 'longshore';
import { isToken } from 'longshore/http/grammar';
import { ArchiveScan } from 'longshore/tar/scan-archive';
import { parseTape, replayDialer } from 'longshore/testing';
import type { Tape } from 'longshore/testing';

export async function use(signal: AbortSignal): Promise<string> {
  const docker = new ImageClient({ host: 'unix:///d.sock', credentials: dockerConfig(), timeouts: { idleMs: 1000 } });
  const pulling = docker.pull('alpine:3.20', { platform: 'linux/arm64', signal });
  for await (const event of pulling) seen(event);
  const result: PullResult = await pulling.result();
  const inspected: ImageInspect = await docker.inspectImage('alpine');
  const { bytes }: { bytes: number } = await docker.getImage('alpine', { verify: 'digests' }).toFile('a.tar');
  const entries: TarEntry[] = [{ path: 'a', mode: 0o755, content: 'x' }];
  for await (const block of packTar(entries)) block.subarray(0, bytes);
  docker.close();
  return `${result.digest ?? ''} ${inspected.Id}`;
}

function seen(event: ProgressEvent): void {
  if (event.type === 'layer') event.id.toUpperCase();
}

export async function watch(docker: ImageClient): Promise<string> {
  for await (const event of docker.events({ reconnect: true })) {
    if (event.type !== 'reconnected') return event.Actor.ID;
    if (!event.complete) return `${event.gapMs} ms`;
  }
  return '';
}

export async function newer(docker: ImageClient): Promise<string> {
  const check = await docker.checkForUpdate('alpine');
  return check.isCurrent === false ? check.remoteDigest.slice('sha256:'.length) : '';
}

export function why(error: unknown): number | undefined {
  return error instanceof NotFoundError ? error.status : undefined;
}

const tape: Tape = parseTape(new Uint8Array());
export const [dialer, scan, isName] = [replayDialer(tape), new ArchiveScan(), isToken('a')];

// @ts-expect-error a host is a string
new ImageClient({ host: 1 });
// @ts-expect-error there is no such option
void dialer.dial({ signal: 1 });
// @ts-expect-error it takes a string
isToken(1);
// @ts-expect-error a scan takes bytes
scan.push('text');
