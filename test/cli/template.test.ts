// Templates of --format. The expected texts are what docker 28.2.2 printed for the same template and the same engine, unless a line says
// otherwise: `docker image inspect --format TEMPLATE`, and for tables `docker images --format TEMPLATE`.

import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/command.ts';
import { templateOf } from '../../src/cli/template.ts';

const FIELDS = {
  ID: '', RepoTags: [], Size: 0, Comment: '', Variant: '',
  Config: { User: '', ExposedPorts: {}, Env: [], Cmd: [], Labels: {}, Healthcheck: { Test: [] }, ArgsEscaped: false },
  RootFS: { Type: '', Layers: [] },
  Descriptor: { MediaType: '' },
};
const LAYER = 'sha256:691d53d2db4f1e197a9da96fbc022252e5360767b950f5d600f18b97805f88e4';
/** An image as Docker 28.5 sends it; shortened. */
const IMAGE = {
  Id: 'sha256:5bd3bd009056b41204cee31a76f99e7fa5fb940de3dbe1e5b13f23b00f66f879',
  RepoTags: ['127.0.0.1:5000/team/base:1', 'team/base:1'],
  Comment: 'a\tb \x1b[31mred',
  Size: 303394,
  Config: { Cmd: ['/f', 'a b'], Entrypoint: null, Env: ['X=y'], Labels: { b: '2', a: '1' }, OnBuild: null, User: '' },
  RootFS: { Type: 'layers', Layers: [LAYER] },
  Descriptor: { mediaType: 'application/vnd.oci.image.manifest.v1+json' },
};

const inspected = (format: string): string | undefined => templateOf({ format }, FIELDS)?.([IMAGE]);

describe('a template', () => {
  it.each([
    ['{{.Id}}', IMAGE.Id], // the name in the engine's JSON
    ['{{.ID}}', IMAGE.Id], // the name in Go
    ['{{ .Size }}a}}b', '303394a}}b'],
    ['{{.Config.Env}} {{.Config.Labels}} {{.Config.Cmd}}', '[X=y] map[a:1 b:2] [/f a b]'],
    ['{{.Config.ExposedPorts}}|{{.Config.User}}|{{.Variant}}|{{.Config.ArgsEscaped}}|{{.Config.Healthcheck}}', 'map[]|||false|<nil>'],
    ['{{.Config.Labels.a}} {{.Config.Labels.A}}', '1 <no value>'],
    ['{{.Id}} {{.RootFS}}', `${IMAGE.Id} map[Layers:[${LAYER}] Type:layers]`],
    ['{{.RepoTags}}', '[127.0.0.1:5000/team/base:1 team/base:1]'],
    ['{{.Descriptor.MediaType}} {{.Descriptor.mediaType}}', `${IMAGE.Descriptor.mediaType} ${IMAGE.Descriptor.mediaType}`],
    ['{{json .Config.Env}} {{json .Config.ExposedPorts}} {{json .Variant}} {{json .Config.Labels.zz}}', '["X=y"] null "" null'],
    ['{{json .Comment}}', '"a\\tb \\u001b[31mred"'],
    ['{{json .RootFS}}', `{"Type":"layers","Layers":["${LAYER}"]}`],
  ])('%s is printed as docker prints it', (format, expected) => {
    expect(inspected(format)).toBe(`${expected}\n`);
  });

  it('prints control characters of an engine as escapes; docker sends them to the terminal', () => {
    expect(inspected('{{.Comment}}')).toBe('a\\u{9}b \\u{1b}[31mred\n');
  });

  const rows = [
    { ID: '5bd3bd009056', Repository: '127.0.0.1:5000/team/base', Tag: '1', CreatedAt: '2026-11-30 09:14:48 +0000 UTC' },
    { ID: '5bd3bd009056', Repository: 'team/base', Tag: '2', CreatedAt: '2026-11-30 09:14:48 +0000 UTC' },
  ];
  const listed = (format: string) => templateOf({ format }, { ID: 'IMAGE ID', Repository: '', Tag: '', CreatedAt: '' })?.(rows);

  it.each([
    ['{{.Repository}}:{{.Tag}}', ['127.0.0.1:5000/team/base:1', 'team/base:2']],
    ['  {{.Tag}}\\t\\r\\n{{json  .Tag }} ', ['1\t\\r', '"1"', '2\t\\r', '"2"']],
    ['table {{.Repository}}\\t{{.ID}}\\t{{.CreatedAt}}', [
      'REPOSITORY                 IMAGE ID       CREATED AT',
      '127.0.0.1:5000/team/base   5bd3bd009056   2026-11-30 09:14:48 +0000 UTC',
      'team/base                  5bd3bd009056   2026-11-30 09:14:48 +0000 UTC',
    ]],
    ['table {{.ID}} {{.Repository}}:{{.Tag}}', [
      'IMAGE ID REPOSITORY:TAG',
      '5bd3bd009056 127.0.0.1:5000/team/base:1',
      '5bd3bd009056 team/base:2',
    ]],
    ['table{{json .ID}}\\t{{.Repository}}', ['IMAGE ID         REPOSITORY', '"5bd3bd009056"   127.0.0.1:5000/team/base', '"5bd3bd009056"   team/base']],
  ])('%s prints a line for each result', (format, lines) => {
    expect(listed(format)).toBe(lines.map((line) => `${line}\n`).join(''));
  });

  it('has names in capitals as headings, the words apart', () => {
    const heading = templateOf({ format: 'table {{.RepoTags}}\\t{{.Config.User}}\\t{{.Config.Labels.a}}\\t{{json .}}' }, FIELDS)?.([]);
    expect(heading).toBe('REPO TAGS   USER   A\n'); // docker has no tables for inspect
  });

  it('prints a table without results as its headings, and other templates as nothing', () => {
    expect(templateOf({ format: 'table {{.ID}}' }, { ID: 'IMAGE ID' })?.([])).toBe('IMAGE ID\n');
    expect(templateOf({ format: '{{.ID}}' }, { ID: 'IMAGE ID' })?.([])).toBe('');
  });

  it.each([undefined, 'json', 'table'])('%s is none', (format) => {
    expect(templateOf({ format }, FIELDS)).toBe(undefined);
  });

  it.each<[string, string]>([
    ['{{.Nope}}', 'unknown field ".Nope": the fields are .ID, .RepoTags, .Size, .Comment, .Variant, .Config, .RootFS, .Descriptor'],
    ['{{.constructor}}', 'unknown field ".constructor"'],
    ['{{json .RootFS.x}}', 'unknown field ".RootFS.x": the fields of .RootFS are .Type, .Layers'],
    ['{{.Size.x}}', 'unknown field ".Size.x": .Size has no fields'],
    ['{{.RepoTags.length}}', 'unknown field ".RepoTags.length": .RepoTags has no fields'],
    ...['{{range .RepoTags}}', '{{.}}', '{{- .ID}}', '{{index .RepoTags 0}}', '{{.ID | json}}', '{{}}', '{{.ID', '{{.Config.Labels.a.b }'].map((action): [string, string] => {
      return [action, `--format supports fields and {{json .}} only, not ${action}: use --json`];
    }),
    ['{{\x1b[2J}}', 'not {{\\u{1b}[2J}}: use --json'],
    ['abc', '--format has no field: "abc". Give fields, such as {{.ID}}, or --json'],
    ['', '--format has no field: ""'],
  ])('%j is a usage error: %s', (format, message) => {
    expect(() => templateOf({ format }, FIELDS)).toThrow(UsageError);
    expect(() => templateOf({ format }, FIELDS)).toThrow(message);
  });

  it.each(['json', 'quiet'] as const)('contradicts --%s', (other) => {
    expect(() => templateOf({ format: '{{.ID}}', [other]: true }, FIELDS)).toThrow(`give --format or --${other}, not both`);
  });
});
