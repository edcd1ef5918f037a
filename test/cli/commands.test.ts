// The requests of each command, and its output.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { OutputClosedError } from '../../src/cli/command.ts';
import { packTar, VERSION } from '../../src/index.ts';
import { bytes, cannedDaemon, json, progress } from './canned-daemon.ts';
import type { Answer, CannedDaemon } from './canned-daemon.ts';
import { longshore } from './fake-io.ts';
import type { Outcome, World } from './fake-io.ts';

let daemon: CannedDaemon;
afterEach(() => daemon.close());

/** Runs the arguments against a new daemon with those answers. */
async function against(answers: Record<string, Answer>, argv: string[], world?: World): Promise<Outcome> {
  daemon = await cannedDaemon(answers);
  return longshore(daemon.host, argv.map((argument) => argument.replace('FOLDER', daemon.folder)), world);
}

/** The query of the first request. */
const query = (): URLSearchParams => new URLSearchParams(daemon.requests[0]?.split(' ')[1]?.split('?')[1]);

/** The names in an archive of plain headers: POSIX.1-2017 pax, "ustar Interchange Format". */
function namesIn(archive: Buffer): string[] {
  const names: string[] = [];
  for (let at = 0; (archive[at] ?? 0) !== 0; at += 512 + 512 * Math.ceil(parseInt(archive.toString('latin1', at + 124, at + 135), 8) / 512)) {
    names.push(archive.toString('latin1', at, at + 100).replace(/\0.*$/s, ''));
  }
  return names;
}

const ID = `sha256:${'0123456789abcdef'.repeat(4)}`;
const STEER = 'a\x1b[2J\u202e\x9b';
const SHOWN = 'a\\u{1b}[2J\\u{202e}\\u{9b}';

describe('inspect', () => {
  const inspected = { 'GET /images/a/json': json({ Id: ID, RepoTags: null, RepoDigests: null, Comment: STEER }) };

  it('prints one array, also for one image, and reports absent images', async () => {
    const { code, stdout, stderr } = await against(inspected, ['inspect', 'a', 'gone', 'a']);
    expect([code, stderr]).toEqual([1, 'longshore inspect: gone: the engine answered 404: no such page\n']);
    expect((JSON.parse(stdout) as object[]).map((each) => (each as { Id: string }).Id)).toEqual([ID, ID]);
  });

  it('escapes control characters as JSON does, so the value stays the same', async () => {
    const { stdout } = await against(inspected, ['inspect', 'a']);
    expect(stdout).toContain('"a\\u001b[2J\\u202e\\u009b"');
    expect(stdout).not.toMatch(/[\x1b\x9b\u202e]/);
    expect((JSON.parse(stdout) as object[])[0]).toMatchObject({ Comment: STEER });
  });
});

describe('--archive', () => {
  const saved = fileURLToPath(new URL('../../fixtures/saved/', import.meta.url));
  const app = join(saved, 'docker-20.10/app.tar.gz');
  const multi = join(saved, 'docker-28.5-containerd/multi.tar.gz');

  it('lists the images of an archive with their platforms, without an engine', async () => {
    const { code, stdout, stderr } = await against({}, ['ls', '--archive', multi]);
    const rows = stdout.split('\n').map((row) => row.split(/ {2,}/).slice(0, 4));
    expect([code, stderr, rows.slice(1, 3).map(([name, tag, , platform]) => [name, tag, platform])]).toEqual([
      0, '', [['longshore-copied/multi', '1', 'linux/amd64'], ['longshore-copied/multi', '1', 'linux/arm64']],
    ]);
    const names = await longshore(daemon.host, ['ls', '--archive', app, '--names']);
    expect(names.stdout).toBe('longshore-copied/app:1\n');
    expect(daemon.requests).toEqual([]);
  });

  it('prints all that an archive says as JSON, also from standard input', async () => {
    const { stdout } = await against({}, ['inspect', '--archive', app]);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'docker', compression: 'gzip', images: [{ references: ['longshore-copied/app:1'] }] });
    const piped = await longshore(daemon.host, ['inspect', '--archive', '-'], { stdin: gunzipSync(readFileSync(app)).toString() });
    expect([piped.code, piped.stderr]).toEqual([0, '']);
    expect(daemon.requests).toEqual([]);
  });

  it('warns of an image that lacks parts', async () => {
    const manifest = JSON.stringify([{ Config: 'c.json', RepoTags: ['a:1'], Layers: ['b/layer.tar'] }]);
    daemon = await cannedDaemon({});
    const blocks: Uint8Array[] = [];
    for await (const block of packTar({ 'c.json': '{"os":"linux","architecture":"arm64","rootfs":{"diff_ids":["x"]}}', 'manifest.json': manifest })) blocks.push(block);
    writeFileSync(join(daemon.folder, 'x.tar'), Buffer.concat(blocks));
    const { stdout, stderr } = await longshore(daemon.host, ['ls', '--archive', join(daemon.folder, 'x.tar')]);
    expect(stdout).toMatch(/^a +1 +[0-9a-f]{12} +linux\/arm64 /m);
    expect(stderr).toBe(`longshore ls: warning: a:1 lacks 1 part of linux/arm64: see longshore inspect --archive ${daemon.folder}/x.tar\n`);
  });

  it.each([
    [['ls', 'a', '--archive', 'x'], 'give --archive FILE or the name of an image, not both'],
    [['ls', '-a', '--archive', 'x'], '--all cannot be combined with --archive'],
    [['inspect', '-H', 'unix:///x', '--archive', 'x'], '--host cannot be combined with --archive, which needs no engine'],
    [['inspect'], 'missing argument: IMAGE... or --archive FILE'],
  ])('refuses %j', async (argv, message) => {
    const { code, stderr } = await against({}, argv);
    expect([code, stderr.split('\n')[0]]).toEqual([2, `longshore ${argv[0]}: ${message}`]);
  });
});

describe('history', () => {
  const step = (CreatedBy: string, Size: number, Id = '<missing>') => ({ Id, Created: 0, CreatedBy, Size, Comment: '', Tags: null });
  const steps = {
    'GET /images/a/history': json([
      step('CMD ["/bin/sh"]', 0, ID),
      step('RUN /bin/sh -c apk add curl # buildkit', 5_000_000),
      step('/bin/sh -c make\tall', 1),
      step('/bin/sh -c #(nop) ADD file:1 in / ', 10_000_000),
      step(STEER, 10_000_000),
    ]),
  };

  it('shows instructions without the additions of builders, and bars in proportion to the sizes', async () => {
    expect((await against(steps, ['history', 'a'])).stdout.split('\n')).toEqual([
      'IMAGE          CREATED   CREATED BY                 SIZE',
      '0123456789ab   N/A       CMD ["/bin/sh"]              0B',
      '<missing>      N/A       RUN apk add curl            5MB   ████████',
      '<missing>      N/A       RUN make all                 1B   ▏',
      '<missing>      N/A       ADD file:1 in /            10MB   ████████████████',
      `<missing>      N/A       ${SHOWN}   10MB   ████████████████`,
      '',
    ]);
  });

  it.each<[string[], RegExp]>([
    [['--no-trunc'], /RUN \/bin\/sh -c apk add curl # buildkit/],
    [['-q'], /^0123456789ab\n<missing>\n/],
    [['-q', '--no-trunc'], new RegExp(`^${ID}\n`)],
    [['--format', 'json'], /^\[\n {2}\{\n {4}"Id": "sha256:/],
  ])('with %j it prints %s', async (flags, expected) => {
    expect((await against(steps, ['history', ...flags, 'a'])).stdout).toMatch(expected);
  });
});

// The expected lines are those of docker 28.2.2 for the same templates and responses; docker prints control characters as they are.
describe('--format', () => {
  const steps = [{ Id: ID, Created: 1767225590, CreatedBy: `RUN\tx ${'y'.repeat(50)}`, Size: 311_296, Comment: STEER, Tags: null }];
  const found = [{ name: 'alpine', description: 'A minimal\nDocker image', star_count: 11_000, is_official: true, is_automated: false }];
  const usage = { LayersSize: 614_690, Images: [{ Id: ID, RepoTags: ['a:1'], RepoDigests: [], Created: 0, Size: 614_690, SharedSize: 0, Containers: 0 }] };
  const engine = { Platform: { Name: '' }, Version: '28.5.2', ApiVersion: '1.51', MinAPIVersion: '1.24', Os: 'linux', Arch: 'amd64' };
  const answers = {
    'GET /images/a/history': json(steps),
    'GET /images/a/json': json({ Id: ID, RepoTags: ['a:1'], RepoDigests: [], Size: 303_394, Os: 'linux' }),
    'GET /images/search': json(found),
    'GET /system/df': json(usage),
    'GET /version': json(engine),
  };

  it.each([
    ['history', '{{.ID}}|{{.CreatedSince}}|{{.CreatedAt}}|{{.Size}}|{{.Comment}}', `0123456789ab|10 seconds ago|2025-12-31T23:59:50Z|311kB|${SHOWN}\n`],
    ['history', '{{.CreatedBy}}', `RUN x ${'y'.repeat(38)}…\n`],
    ['history --no-trunc', '{{.ID}} {{.CreatedBy}}', `${ID} RUN x ${'y'.repeat(50)}\n`],
    ['history', 'table {{.ID}} {{.CreatedSince}} {{.CreatedAt}} {{.CreatedBy}} {{.Size}} {{.Comment}}', /^IMAGE CREATED CREATED AT CREATED BY SIZE COMMENT\n/],
    ['inspect', 'table {{.ID}}\\t{{.Os}}\\t{{.Size}}', `ID${' '.repeat(72)}OS      SIZE\n${ID}   linux   303394\n`],
    ['search', '{{.Name}}|{{.Description}}|{{.StarCount}}|{{.IsOfficial}}|{{.IsAutomated}}|', 'alpine|A minimal Docker image|11000|[OK]||\n'],
    ['search', '{{json .}}', '{"Name":"alpine","Description":"A minimal Docker image","StarCount":"11000","IsOfficial":"true","IsAutomated":"false"}\n'],
    ['search', 'table {{.Name}} {{.Description}} {{.StarCount}} {{.IsOfficial}} {{.IsAutomated}}', /^NAME DESCRIPTION STARS OFFICIAL AUTOMATED\n/],
    ['df', 'table {{.Type}}\\t{{.TotalCount}}\\t{{.Active}}\\t{{.Size}}\\t{{.Reclaimable}}', 'TYPE     TOTAL   ACTIVE   SIZE      RECLAIMABLE\nImages   1       0        614.7kB   614.7kB (100%)\n'],
    ['df', '{{json .}}', '{"Type":"Images","TotalCount":"1","Active":"0","Size":"614.7kB","Reclaimable":"614.7kB (100%)"}\n'],
    ['version', '{{.Server.Version}} {{.Server.APIVersion}} {{.Server.MinAPIVersion}} {{.Server.Experimental}}', '28.5.2 1.51 1.24 false\n'],
    ['version', '{{.Client.APIVersion}} {{.Client.Version}}', `1.41 ${VERSION}\n`], // the version in use with the engine
    ['version', '{{json .Server}}', `${JSON.stringify(engine)}\n`],
  ])('of %s: %s', async (command, format, expected) => {
    const operands = /^(?:version|df)/.test(command) ? [] : ['a'];
    const { code, stdout, stderr } = await against(answers, [...command.split(' '), '--format', format, ...operands]);
    expect([code, stderr]).toEqual([0, '']);
    if (typeof expected === 'string') expect(stdout).toBe(expected);
    else expect(stdout).toMatch(expected);
  });

  it('of version prints what is known without the engine, and fails', async () => {
    const { code, stdout, stderr } = await against({}, ['version', '--format', '{{.Client.Version}} {{.Server.Version}}']);
    expect([code, stdout]).toEqual([1, `${VERSION} \n`]);
    expect(stderr).toContain('longshore version: the engine answered 404');
  });

  it('sends no request if the template is wrong', async () => {
    for (const command of ['ls', 'inspect', 'history', 'search', 'df', 'version']) {
      const { code } = await against(answers, [command, '--format', '{{.Nope}}', ...(/ls|df|version/.test(command) ? [] : ['a'])]);
      expect([code, daemon.requests]).toEqual([2, []]);
      await daemon.close();
    }
  });
});

describe('values of the wrong type in an answer', () => {
  it('are shown as "?" or omitted: an event with an impossible time', async () => {
    const event = { Type: 'image', Action: 'tag', Actor: { ID, Attributes: { name: 'a:1' } } };
    const answers = { 'GET /events': progress({ ...event, time: 1e300 }) };
    const { code, stdout } = await against(answers, ['events']);
    expect([code, stdout]).toEqual([0, `? image tag ${ID} (name=a:1)\n`]);
  });

  it('are an error if they are nested too deeply to be printed as JSON', async () => {
    const deep = `{"Id":"${ID}","RepoTags":[],"RepoDigests":[],"Metadata":{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`;
    const { code, stderr } = await against({ 'GET /images/a/json': (response) => void response.end(deep) }, ['inspect', 'a']);
    const said = "longshore inspect: cannot print the engine's response as JSON: its values are nested deeper than 64 levels\n";
    expect([code, stderr]).toEqual([1, said]);
  });
});

describe('push', () => {
  const pushed = {
    'POST /images/127.0.0.1:5000/a/push': progress(
      { status: 'The push refers to repository [127.0.0.1:5000/a]' },
      { status: 'Pushed', progressDetail: {}, id: 'ca7c512ed85c' },
      { status: `1: digest: ${ID} size: 527` },
      { progressDetail: {}, aux: { Tag: '1', Digest: ID, Size: 527 } },
    ),
  };

  it('prints the name with the digest', async () => {
    const { code, stdout, stderr } = await against(pushed, ['push', '127.0.0.1:5000/a:1']);
    expect([code, stdout]).toEqual([0, `127.0.0.1:5000/a@${ID}\n`]);
    expect(stderr).toContain('ca7c512ed85c: Pushed\n');
  });

  it('pushes several images, and continues after one that fails', async () => {
    const { code, stdout } = await against(pushed, ['push', '-q', '127.0.0.1:5000/b', '127.0.0.1:5000/a:1']);
    expect([code, stdout]).toEqual([1, `127.0.0.1:5000/a@${ID}\n`]);
  });
});

describe('save', () => {
  it('reports the checked digests and the files without a digest', async () => {
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    const config = JSON.stringify({ rootfs: { type: 'layers', diff_ids: [`sha256:${hash('a layer')}`] } });
    const manifest = JSON.stringify([{ Config: `${hash(config)}.json`, RepoTags: ['a:1'], Layers: ['layer.tar'] }]);
    const blocks: Uint8Array[] = [];
    for await (const block of packTar({ [`${hash(config)}.json`]: config, 'layer.tar': 'a layer', 'manifest.json': manifest })) blocks.push(block);
    const answers = { 'GET /images/get': bytes(Buffer.concat(blocks)) };
    const { stderr } = await against(answers, ['save', '-o', 'FOLDER/x', '--verify', 'digests', 'a']);
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      `saved ${daemon.folder}/x: 4.096kB, verified: 3 entries, complete; ${config.length + 'a layer'.length}B match their digests`,
      '  names: a:1',
      '  without a digest: 1 file: manifest.json',
    ]);
  });

  it('says which names the archive has, or that it has none', async () => {
    const saved = async (image: object, ...more: string[]): Promise<string[]> => {
      const blocks: Uint8Array[] = [];
      for await (const block of packTar({ 'manifest.json': JSON.stringify([image]) })) blocks.push(block);
      const { stdout, stderr } = await against({ 'GET /images/get': bytes(Buffer.concat(blocks)) }, ['save', '-o', 'FOLDER/x', 'a', ...more]);
      await daemon.close();
      return (stdout || stderr).split('\n').slice(1);
    };
    expect(await saved({ Config: 'c', Layers: [], RepoTags: ['docker.io/library/a:1', 'a:2'] })).toEqual(['  names: a:1, a:2', '']);
    const [none = ''] = await saved({ Config: 'c', Layers: [], RepoTags: null });
    expect(none).toBe('  no names: a load of it gives images that have only IDs. To keep a name, save the image by that name');
    expect((await saved({ Config: 'c', Layers: [], RepoTags: ['a:1'] }, '--json')).join('')).toMatch(/"references": \[ +"a:1" +\]/);
  });

  it('does not verify with --verify none, and reports it', async () => {
    const { code, stderr } = await against({ 'GET /images/get': bytes(Buffer.from('no tar')) }, ['save', '--verify', 'none', '-o', 'FOLDER/x', 'a']);
    expect([code, stderr]).toEqual([0, `saved ${daemon.folder}/x: 6B, not verified\n`]);
  });

  it('shows on the terminal how much was written to standard output, which is a file or a pipe', async () => {
    let stream: ServerResponse | undefined;
    let hasBytes = false;
    daemon = await cannedDaemon({ 'GET /images/get': (response) => void (stream = response).write(new Uint8Array(512 * 1024)) });
    const { code, stderr } = await longshore(daemon.host, ['save', '--verify', 'none', 'a'], {
      terminals: ['stderr'],
      write: async () => void (hasBytes = true),
      now: () => {
        if (hasBytes) stream?.end(); // a frame with the bytes has been painted
        return 0;
      },
    });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/\rSaving  [1-9][\d.]*k?B\x1b[^]*\r\x1b\[K\x1b\[\?25hsaved 524\.3kB, not verified\n$/)]);
  });

  it.each(['x.tar.gz', 'x.TGZ'])('compresses a file called %s, and says so', async (name) => {
    const archive = Buffer.alloc(10_240);
    const { code, stderr } = await against({ 'GET /images/get': bytes(archive) }, ['save', '-o', `FOLDER/${name}`, 'a']);
    const file = readFileSync(join(daemon.folder, name));
    expect(gunzipSync(file).equals(archive)).toBe(true);
    expect([code, stderr.split('\n')[0]]).toEqual([0, `saved ${daemon.folder}/${name}: ${file.length}B, compressed from 10.24kB, verified: 0 entries, complete`]);
  });

  it.each([['x.tar.xz', 'xz'], ['x.tbz2', 'bzip2']])('refuses to write %s, and names the pipe that does it', async (name, program) => {
    const { code, stderr } = await against({}, ['save', '-o', name, 'a']);
    expect([code, stderr.split('\n')[0]]).toEqual([
      2, `longshore save: cannot write ${program}: give a name in .tar, .gz or .zst, or write to a pipe: longshore save IMAGE | ${program} > ${name}`,
    ]);
    expect(daemon.requests).toEqual([]);
  });

  it('refuses a platform that the engine would ignore', async () => {
    const { code, stderr } = await against({}, ['save', '-o', 'FOLDER/x', '--platform', 'linux/arm64', 'a', 'b']);
    expect([code, stderr]).toEqual([1, 'longshore save: --platform needs API version 1.48, but version 1.41 is in use with this engine\n']);
  });
});

describe('load', () => {
  it('loads several archives, and continues after one that the engine rejects', async () => {
    const answers = [progress({ error: 'no' }), progress({ stream: 'Loaded image: a:1\n' })];
    daemon = await cannedDaemon({ 'POST /images/load': (...exchange) => answers.shift()?.(...exchange) });
    for (const name of ['a', 'b']) writeFileSync(join(daemon.folder, name), name);
    const { code, stdout } = await longshore(daemon.host, ['load', `${daemon.folder}/a`, `${daemon.folder}/b`]);
    // The list of images, which this engine does not have, is for the names that a load takes from other images.
    const requests = ['GET /images/json', 'POST /images/load?quiet=0 a', 'GET /images/json', 'POST /images/load?quiet=0 b'];
    expect([code, stdout, daemon.requests]).toEqual([1, 'a:1\n', requests]);
  });

  describe('of a name that another image has', () => {
    const other = `sha256:${'b'.repeat(64)}`;
    const images = (names: Record<string, string>): Answer => json(Object.entries(names).map(([name, Id]) => ({ Id, RepoTags: [name] })));
    const start = async (): Promise<string> => {
      const lists = [images({ 'a:1': other, 'b:1': ID }), images({ 'a:1': ID, 'b:1': ID })];
      const loaded = progress({ stream: 'The image a:1 already exists, renaming the old one with ID x to empty string\n' }, { stream: 'Loaded image: a:1\nLoaded image: b:1\n' });
      daemon = await cannedDaemon({ 'GET /images/json': (...exchange) => lists.shift()?.(...exchange), 'POST /images/load': loaded });
      writeFileSync(join(daemon.folder, 'a.tar'), 'a');
      return join(daemon.folder, 'a.tar');
    };

    it('says from which image the name was taken', async () => {
      const path = await start();
      expect(await longshore(daemon.host, ['load', path])).toEqual({ code: 0, stdout: 'a:1\nb:1\n', stderr: 'a:1 was the name of another image before: bbbbbbbbbbbb\n' });
    });

    it('has it in the result with --json, and asks nothing with --quiet', async () => {
      const path = await start();
      const { stdout } = await longshore(daemon.host, ['load', '--json', path]);
      const result = { type: 'result', references: ['a:1', 'b:1'], ids: [], replaced: [{ reference: 'a:1', id: other }] };
      expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toEqual(result);
      daemon.requests.length = 0;
      await longshore(daemon.host, ['load', '--quiet', path]);
      expect(daemon.requests).toEqual(['POST /images/load?quiet=0 a']);
    });
  });

  it('names the archive of several that the engine did not answer', async () => {
    daemon = await cannedDaemon({ 'POST /images/load': (response) => void response.destroy() });
    const paths = ['a', 'b'].map((name) => join(daemon.folder, name));
    for (const path of paths) writeFileSync(path, 'x');
    const { stderr } = await longshore(daemon.host, ['load', ...paths]);
    for (const path of paths) expect(stderr).toMatch(new RegExp(`^longshore load: ${path}: .* without a response`, 'm'));
  });

  it('loads nothing if one of several files is missing or a directory', async () => {
    daemon = await cannedDaemon({ 'POST /images/load': progress({ stream: 'Loaded image: a:1\n' }) });
    writeFileSync(join(daemon.folder, 'a.tar'), 'one');
    const { folder } = daemon;
    const { code, stderr } = await longshore(daemon.host, ['load', `${folder}/a.tar`, `${folder}/none.tar`, folder]);
    expect([code, daemon.requests]).toEqual([1, []]);
    expect(stderr).toBe(
      `longshore load: cannot read ${folder}/none.tar: no such file or directory\n` +
        `longshore load: cannot read ${folder}: it is a directory; give an archive, or use longshore import\n`,
    );
  });
});

describe('load into a containerd store', () => {
  const manifest = (Kind: string, Available: boolean) => ({ ID, Kind, Available, Size: {} });
  // A containerd store reports no error if it has the layers from other blobs. Columns: its manifests, the exit code.
  it.each([
    [[manifest('image', true), manifest('image', false)], 0],
    [[manifest('image', false), manifest('image', false)], 1],
    [[manifest('image', false), manifest('attestation', true)], 1],
  ])('fails if no variant of the image has its layers: %j', async (Manifests, expected) => {
    const answers = { 'POST /images/load': progress({ stream: 'Loaded image: a:1\n' }), 'GET /images/a:1/json': json({ Id: ID, Manifests }) };
    daemon = await cannedDaemon({ ...answers, 'GET /info': json({ DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] }) }, '1.48');
    writeFileSync(join(daemon.folder, 'a.tar'), 'a');
    const { code, stderr } = await longshore(daemon.host, ['load', join(daemon.folder, 'a.tar')]);
    expect(code).toBe(expected);
    if (expected === 1) expect(stderr).toContain('says that it has loaded a:1, but layers of it are missing: the archive does not have them');
  });

  // Docker 28.5 for an archive of "skopeo copy ... oci-archive:FILE:a:1": it stores "a:1", and searches for "docker.io/library/a:1".
  it('fails if the engine does not find the image by the name of the archive', async () => {
    const answers = { 'POST /images/load': progress({ stream: 'Loaded image: a:1\n' }), 'GET /info': json({ DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] }) };
    daemon = await cannedDaemon(answers, '1.48');
    writeFileSync(join(daemon.folder, 'a.tar'), 'a');
    const { code, stderr } = await longshore(daemon.host, ['load', join(daemon.folder, 'a.tar')]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('has loaded a:1, but it only finds complete names: write the archive with the name docker.io/library/a:1,')]);
  });
});

describe('import', () => {
  const imported = { 'POST /images/create': progress({ status: ID }) };

  it('packs a folder without excluded files and with the time of SOURCE_DATE_EPOCH', async () => {
    daemon = await cannedDaemon(imported);
    const folder = join(daemon.folder, 'root');
    mkdirSync(join(folder, 'etc'), { recursive: true });
    for (const name of ['etc/motd', 'etc/secret', 'b.log']) writeFileSync(join(folder, name), name);
    const argv = ['import', folder, 'a:1', '--exclude', '**/secret', '--exclude', '*.log'];
    expect(await longshore(daemon.host, argv, { sourceDateEpoch: '86400' })).toEqual({ code: 0, stdout: `${ID}\n`, stderr: '' });
    const sent = Buffer.from(daemon.requests[0]?.split(/ (?=etc\/)/)[1] ?? '', 'latin1');
    expect(namesIn(sent)).toEqual(['etc/', 'etc/motd']);
    expect(sent.subarray(136, 147).toString()).toBe('00000250600'); // 86400, in octal digits
  });

  it.each(['yesterday', '-1', '1.5'])('refuses SOURCE_DATE_EPOCH=%s', async (sourceDateEpoch) => {
    const { code, stderr } = await against(imported, ['import', 'FOLDER'], { sourceDateEpoch });
    expect([code, stderr.split('\n')[0]]).toEqual([
      2,
      `longshore import: SOURCE_DATE_EPOCH must be a number of seconds since 1970, not "${sourceDateEpoch}"`,
    ]);
  });

  it('prints the id once, also if the engine sends it as the status of a layer, as Podman does', async () => {
    const said = { 'POST /images/create': progress({ status: ID, progress: '', progressDetail: {}, id: ID }) };
    const outcome = await against(said, ['import', '-'], { stdin: 'a tar' });
    expect(outcome).toEqual({ code: 0, stdout: `${ID}\n`, stderr: '' });
  });

  it('names a file that cannot be packed', async () => {
    const { code, stderr } = await against(imported, ['import', 'FOLDER', 'a:1']); // the folder contains the daemon's own socket
    expect([code, stderr]).toEqual([
      1,
      'longshore import: cannot pack engine.sock: a socket cannot be in an image; leave it out with exclude\n',
    ]);
  });
});

describe('tag', () => {
  it('adds all names, and reports names that it cannot add', async () => {
    const tagged: Answer = (response, request) => void response.writeHead(request.url?.includes('repo=docker.io%2Flibrary%2Fb&') ? 201 : 500).end('{"message":"no"}');
    const { code, stdout, stderr } = await against({ 'POST /images/a/tag': tagged }, ['tag', 'a', 'c', 'b:2', '--json']);
    expect([code, JSON.parse(stdout)]).toEqual([1, { image: 'a', names: ['b:2'] }]);
    expect(stderr).toBe('longshore tag: c: the engine answered 500: no\n');
    expect(daemon.requests).toEqual([
      'POST /images/a/tag?repo=docker.io%2Flibrary%2Fc&tag=latest',
      'POST /images/a/tag?repo=docker.io%2Flibrary%2Fb&tag=2',
    ]);
  });
});

describe('operands', () => {
  const answers = {
    'DELETE /images/good': json([{ Untagged: 'good:latest' }]),
    'DELETE /images/other': json([{ Untagged: 'other:latest' }]),
    'POST /images/good/tag': ((response) => void response.writeHead(201).end()) as Answer,
    'POST /images/create': progress({ status: `Digest: ${ID}` }),
    'POST /images/good/push': progress({ status: `1: digest: ${ID} size: 527` }),
    'GET /images/good/json': json({ Id: ID, RepoTags: [], RepoDigests: [] }),
  };

  it.each([
    [['tag', 'good', 'other', 'Bad Name'], '"Bad Name" is not a valid image reference'],
    [['tag', 'good', 'other', `other@${ID}`], ''],
    [['rm', 'good', 'Bad Name'], '"Bad Name" is not a valid image reference'],
    [['rm', '--platform', 'no', 'good'], ''],
    [['pull', 'good', 'Bad Name'], '"Bad Name" is not a valid image reference'],
    [['pull', '-q', 'good', 'Bad Name'], '"Bad Name" is not a valid image reference'],
    [['pull', '-a', 'good', 'other:1'], ''],
    [['push', 'good', 'Bad Name'], '"Bad Name" is not a valid image reference'],
    [['push', '-a', 'good', 'other:1'], ''],
    [['push', 'good', `other@${ID}`], ''],
    [['inspect', 'good', 'Bad Name'], '"Bad Name" is not a valid image reference'],
    [['distribution', 'good', 'Bad Name'], '"Bad Name" is not a valid image reference'],
  ])('of %j are all checked before the engine is asked for anything', async (argv, what) => {
    const { code, stdout, stderr } = await against(answers, argv);
    expect([code, stdout, daemon.requests]).toEqual([2, '', []]);
    expect(stderr).toMatch(new RegExp(`^longshore ${argv[0]}: ${what}[^\n]*\nSee longshore ${argv[0]} --help\n$`));
  });

  it('are checked before any of several engines gets a request', async () => {
    daemon = await cannedDaemon(answers);
    const second = await cannedDaemon(answers);
    const argv = ['rm', 'good', 'Bad Name', '-H', daemon.host, '-H', second.host];
    const { code, stderr } = await longshore('', argv);
    expect([code, daemon.requests, second.requests]).toEqual([2, [], []]);
    expect(stderr.match(/"Bad Name" is not a valid image reference/g)).toHaveLength(1);
    await second.close();
  });

  it('that the engine rejects, also by closing the connection, do not stop the others', async () => {
    const closing: Answer = (response) => void response.destroy();
    const { code, stdout } = await against({ ...answers, 'DELETE /images/crash': closing }, ['rm', 'crash', 'gone', 'good', 'other']);
    expect([code, stdout]).toEqual([1, 'Untagged: good:latest\nUntagged: other:latest\n']);
  });
});

describe('rm', () => {
  it('rejects a platform if the engine would ignore it and delete the whole image', async () => {
    const { code, stderr } = await against({}, ['rm', '-f', '--platform', 'linux/arm64', 'a']);
    expect([code, daemon.requests]).toEqual([1, []]);
    expect(stderr).toContain('--platform needs API version 1.50');
  });
});

describe('prune', () => {
  const pruned = { 'POST /images/prune': json({ ImagesDeleted: [{ Untagged: 'a:1' }, { Deleted: ID }], SpaceReclaimed: 1_234_567 }) };

  it.each<[string[], string, object | null]>([
    [['-f'], `Untagged: a:1\nDeleted: ${ID}\nTotal reclaimed space: 1.235MB\n`, null],
    [['-qf'], 'Total reclaimed space: 1.235MB\n', null],
    [['-af', '--filter', 'until=24h'], `Untagged: a:1\nDeleted: ${ID}\nTotal reclaimed space: 1.235MB\n`, { dangling: ['false'], until: ['24h'] }],
  ])('%j prints what went, and sends its filters', async (flags, stdout, filters) => {
    expect(await against(pruned, ['prune', ...flags])).toEqual({ code: 0, stdout, stderr: '' });
    expect(JSON.parse(query().get('filters') ?? 'null')).toEqual(filters);
  });

  it.each([
    ['y\n', 0, 1],
    [' YES \n', 0, 1],
    ['\n', 1, 0],
    ['yep\n', 1, 0],
  ])('takes %j for an answer: exit code %d', async (answer, code, requests) => {
    const outcome = await against(pruned, ['prune', '-a'], { answer });
    expect([outcome.code, daemon.requests.length]).toEqual([code, requests]);
    expect(outcome.stderr).toMatch(/^This removes all images that no container uses \(Podman keeps untagged images\)\.\nContinue\? \[y\/N\] /);
  });

  it.each<[string, string, object | null]>([
    // options, text of the question, the filters that are sent
    ['', 'all untagged images that no container uses', null],
    ['--filter dangling=true', 'all untagged images that no container uses', { dangling: ['true'] }],
    ['--filter dangling=1', 'all untagged images that no container uses', { dangling: ['true'] }],
    ['--filter dangling=false', 'all images that no container uses (Podman keeps untagged images)', { dangling: ['false'] }],
    ['--filter dangling=0 --filter dangling=false', 'all images that no container uses (Podman keeps untagged images)', { dangling: ['false'] }],
    ['-a --filter dangling=0', 'all images that no container uses (Podman keeps untagged images)', { dangling: ['false'] }],
    [
      '--filter dangling=false --filter label=a=b --filter until=24h',
      'all images that no container uses (Podman keeps untagged images) and that match label=a=b and until=24h',
      { dangling: ['false'], label: ['a=b'], until: ['24h'] },
    ],
    ['--filter label!=\x1b', 'all untagged images that no container uses and that match label!=\\u{1b}', { 'label!': ['\x1b'] }],
  ])('with "%s" it asks whether to remove %s', async (options, which, filters) => {
    const { code, stderr } = await against(pruned, ['prune', ...options.split(' ').filter(Boolean)], { answer: 'y' });
    expect([code, stderr]).toEqual([0, `This removes ${which}.\nContinue? [y/N] `]);
    expect(JSON.parse(query().get('filters') ?? 'null')).toEqual(filters);
  });

  // Observed on Docker 20.10 and 28.5 (both stores), Podman 4.3, 5.4 and 6: an empty label! acts like no filter; of two
  // values of dangling, Docker 20.10 uses "false"; "dangling=FALSE" is an error on Docker, and removes named images on Podman 5.
  it.each([
    ['-a --filter dangling=true', '--all and --filter dangling=true contradict each other: give only one of them'],
    ['-a --filter dangling=1', '--all and --filter dangling=true contradict each other: give only one of them'],
    ['--filter dangling=true --filter dangling=0', '--filter dangling=true and dangling=false contradict each other: give only one of them'],
    ['--filter dangling=', '--filter dangling must be true, 1, false or 0, not ""'],
    ['--filter dangling=FALSE', '--filter dangling must be true, 1, false or 0, not "FALSE"'],
    ['--filter label!=', '--filter "label!=" has no value: give a value, or omit the filter'],
    ['--filter label!=\u00a0', '--filter "label!=\u00a0" has no value: give a value, or omit the filter'],
    ['--filter label!==x', '--filter "label!==x" has no value: give a value, or omit the filter'],
    ['--filter label=', '--filter "label=" has no value: give a value, or omit the filter'],
    ['--filter until=', '--filter "until=" has no value: give a value, or omit the filter'],
    ['--filter until=1h --filter until=2h', 'give --filter until=... only once: engines use only one'],
    ['--filter label=a --filter reference=', '--filter "reference=" has no value: give a value, or omit the filter'],
  ])('with "%s" it is refused, also with --force', async (options, what) => {
    const { code, stderr } = await against(pruned, ['prune', '-f', ...options.split(' ')]);
    expect([code, stderr, daemon.requests]).toEqual([2, `longshore prune: ${what}\nSee longshore prune --help\n`, []]);
  });
});

describe('search', () => {
  const found = [
    { name: 'alpine', description: 'A minimal\nDocker image', star_count: 11_000, is_official: true },
    { name: `x/${STEER}`, description: 'y'.repeat(60), star_count: 7, is_official: false },
  ];

  it('prints a table, and sends limit and filters', async () => {
    const { stdout } = await against({ 'GET /images/search': json(found) }, ['search', '--limit', '5', '-f', 'stars=3', 'alp']);
    expect(stdout.split('\n')).toEqual([
      `NAME${' '.repeat(25)}DESCRIPTION${' '.repeat(37)}STARS   OFFICIAL`,
      `alpine${' '.repeat(23)}A minimal Docker image${' '.repeat(26)}11000   [OK]`,
      `x/${SHOWN}   ${'y'.repeat(44)}…       7`,
      '',
    ]);
    expect([query().get('limit'), query().get('filters'), query().get('term')]).toEqual(['5', '{"stars":["3"]}', 'alp']);
  });

  it.each([
    [['-q'], `alpine\nx/${SHOWN}\n`],
    [['-q', '--json'], '[\n  "alpine",\n  "x/a\\u001b[2J\\u202e\\u009b"\n]\n'],
    [['--json'], `${JSON.stringify(found, null, 2).replace('\x9b', '\\u009b').replace('\u202e', '\\u202e')}\n`],
  ])('%j prints %j', async (flags, stdout) => {
    expect((await against({ 'GET /images/search': json(found) }, ['search', ...flags, 'x'])).stdout).toBe(stdout);
  });
});

describe('distribution', () => {
  const answer = {
    Descriptor: { mediaType: 'application/vnd.oci.image.index.v1+json', digest: ID, size: 1853 },
    Platforms: [{ os: 'linux', architecture: 'amd64' }, { os: 'linux', architecture: 'arm64', variant: 'v8' }],
  };
  const answers = { 'GET /distribution/docker.io/library/a:1/json': json(answer) };

  it('prints the digest and the platforms', async () => {
    expect(await against(answers, ['distribution', 'a:1'])).toEqual({
      code: 0,
      stdout: [
        'Name          a:1',
        `  Digest      ${ID}`,
        '  Type        application/vnd.oci.image.index.v1+json',
        '  Size        1.853kB',
        '  Platforms   linux/amd64',
        '              linux/arm64/v8',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  it('says so if the engine names no platform, as Docker 28.5 for a manifest of OCI', async () => {
    const { stdout } = await against({ 'GET /distribution/docker.io/library/a:1/json': json({ ...answer, Platforms: [] }) }, ['distribution', 'a:1']);
    expect(stdout).toMatch(/\n {2}Platforms {3}unknown\n$/);
  });

  it.each([
    [['-q'], `${ID}\n`],
    [['-q', '--json'], `[\n  "${ID}"\n]\n`],
    [['--json'], `${JSON.stringify([answer], null, 2)}\n`],
  ])('%j prints %j', async (flags, stdout) => {
    expect((await against(answers, ['distribution', ...flags, 'a:1'])).stdout).toBe(stdout);
  });
});

describe('attestations', () => {
  const found = [{ PredicateType: 'https://slsa.dev/provenance/v1', Descriptor: { mediaType: 'x', digest: ID, size: 12_345 } }];

  it('are listed if the engine supports 1.55', async () => {
    daemon = await cannedDaemon({ 'GET /images/a/attestations': json(found) }, '1.55');
    const { stdout } = await longshore(daemon.host, ['attestations', 'a', '--type', 'https://slsa.dev/provenance/v1']);
    expect(stdout.split('\n')).toEqual([
      `PREDICATE TYPE                   DIGEST${' '.repeat(70)}SIZE`,
      `https://slsa.dev/provenance/v1   ${ID}   12.3kB`,
      '',
    ]);
    expect(query().get('type')).toBe('https://slsa.dev/provenance/v1');
  });

  it('are rejected on other engines', async () => {
    const { code, stderr } = await against({}, ['attestations', 'a']);
    expect([code, stderr]).toEqual([1, 'longshore attestations: this command needs API version 1.55, but version 1.41 is in use with this engine\n']);
  });
});

describe('events', () => {
  const event = { Type: 'image', Action: 'tag', Actor: { ID, Attributes: { name: 'a:1', note: STEER } }, time: 86_400, timeNano: 86_400_250_000_000 };
  const answers = { 'GET /events': progress(event, { ...event, Action: 'untag' }) };

  it('prints one line for each event', async () => {
    const { stdout } = await against(answers, ['events', '--until', '1970-01-02T00:00:01Z', '--since', '0', '-f', 'event=tag']);
    expect(stdout).toBe(
      `1970-01-02T00:00:00.250Z image tag ${ID} (name=a:1, note=${SHOWN})\n` +
        `1970-01-02T00:00:00.250Z image untag ${ID} (name=a:1, note=${SHOWN})\n`,
    );
    expect([query().get('since'), query().get('until')]).toEqual(['0', '86401']);
    expect(JSON.parse(query().get('filters') ?? '')).toEqual({ event: ['tag'], type: ['image'] });
  });

  it('accepts a duration before now', async () => {
    await against(answers, ['events', '--since', '1h30m', '--until', '1d']);
    const now = Date.UTC(2026, 0, 1) / 1000;
    expect([query().get('since'), query().get('until')]).toEqual([String(now - 5400), String(now - 86_400)]);
  });

  it('prints one event per line with --json', async () => {
    const { stdout } = await against(answers, ['events', '--json']);
    const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as object);
    expect(lines).toEqual([expect.objectContaining({ Action: 'tag' }), expect.objectContaining({ Action: 'untag' })]);
  });

  it('ends silently when its output is closed', async () => {
    const endless: Answer = (response) => void response.write(`${JSON.stringify(event)}\n`); // without an end
    const write = (): Promise<void> => Promise.reject(new OutputClosedError());
    expect(await against({ 'GET /events': endless }, ['events'], { write })).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('df', () => {
  const layers = { LayersSize: 2_000_000, Images: [{ Id: ID, RepoTags: ['a:1'], RepoDigests: [], Created: 0, Size: 2_000_000, SharedSize: 500_000, Containers: 0 }] };

  it('prints the size of all images, and with -v of each image', async () => {
    const { stdout } = await against({ 'GET /system/df': json(layers) }, ['df', '-v']);
    expect(stdout.split('\n')).toEqual([
      'TYPE     TOTAL   ACTIVE   SIZE   RECLAIMABLE',
      expect.stringMatching(/^Images {3}1 {7}0 {8}2MB {4}2MB \(100%\)$/),
      '',
      'REPOSITORY   TAG   IMAGE ID       CREATED   SIZE   SHARED   UNIQUE   CONTAINERS',
      'a            1     0123456789ab   N/A       2MB    500kB    1.5MB    0',
      '',
    ]);
  });
});

describe('df -v', () => {
  it('uses the names of the list if the engine omits repositories, as Podman does', async () => {
    const image = (RepoTags: string[], Id = ID) => ({ Id, RepoTags, RepoDigests: [], Created: 0, Size: 5, SharedSize: 0, Containers: 0 });
    const bare = ID.replace('sha256:', '');
    const answers = { 'GET /system/df': json({ LayersSize: 5, Images: [image(['1'], bare), image(['2'], bare)] }), 'GET /images/json': json([image(['x/a:1', 'x/b:2'])]) };
    const rows = (await against(answers, ['df', '-v'])).stdout.split('\n').slice(4, -1);
    expect(rows.map((row) => row.split(/ +/).slice(0, 2))).toEqual([['x/a', '1'], ['x/b', '2']]);
  });
});

describe('ls', () => {
  it.each([
    // name, repository, tag: as the reference grammar has them
    [`x@${ID}`, 'x', '<none>'],
    [`x:1@${ID}`, 'x', '<none>'], // a digest, as docker shows one
    ['host:5000/a/b', 'host:5000/a/b', '<none>'],
    ['host:5000/a/b:1', 'host:5000/a/b', '1'],
    ['[::1]:5000/a', '[::1]:5000/a', '<none>'],
    ['Not/A/Name:1', 'Not/A/Name', '1'],
  ])('has %j as repository and tag', async (name, repository, tag) => {
    const image = { Id: ID, RepoTags: [name], RepoDigests: [], Created: 0, Size: 1, Labels: null };
    const { stdout } = await against({ 'GET /images/json': json([image]) }, ['ls']);
    expect((stdout.split('\n')[1] ?? '').split(/ {3,}/).slice(0, 2)).toEqual([repository, tag]);
  });

  it('of an engine without images prints only the head', async () => {
    expect((await against({ 'GET /images/json': json([]) }, ['ls'])).stdout).toBe('REPOSITORY   TAG   IMAGE ID   CREATED   SIZE\n');
  });

  it('prints only names that commands accept, one per line, for other programs', async () => {
    const image = (RepoTags: string[]) => ({ Id: ID, RepoTags, RepoDigests: [], Created: 0, Size: 1, Labels: null });
    const answers = { 'GET /images/json': json([image(['a:1', `b:${STEER}`]), image(['<none>:<none>'])]) };
    expect((await against(answers, ['images', '--names'])).stdout).toBe('a:1\n');
  });
});

describe('a command under its docker name', () => {
  it('is the same command', async () => {
    await against({ 'DELETE /images/a': json([]) }, ['rmi', 'a']);
    expect(daemon.requests).toEqual(['DELETE /images/a']);
    await longshore(daemon.host, ['image', '-q', 'rm', 'a', '--force']);
    await longshore(daemon.host, ['image', 'inspect', 'image']);
    await longshore(daemon.host, ['system', 'df']);
    expect(daemon.requests.slice(1)).toEqual(['DELETE /images/a?force=1', 'GET /images/image/json', 'GET /system/df']);
    expect((await longshore(daemon.host, ['images', '--help'])).stdout).toMatch(/^Usage: longshore ls /);
  });
});
