// longshore inspect: prints all details of images, or of an archive, as JSON.

import { archiveOption, inspectNamed } from '../archive-file.ts';
import { command, UsageError } from '../command.ts';
import { forEachOperand } from '../operands.ts';
import { platformOption } from '../shared-options.ts';
import { templateOf, templateOption } from '../template.ts';

export const inspect = command({
  name: 'inspect',
  summary: 'Print all details of images as JSON',
  usage: 'IMAGE...',
  operands: [0, Infinity],
  completes: 'image',
  options: { ...platformOption, format: { ...templateOption('.Id').format, short: 'f' }, ...archiveOption },
  async run(call) {
    const { values, print } = call;
    const { archive, json, format } = values;
    if (archive !== undefined) {
      const others = json === true || format === undefined ? ['platform'] : ['platform', 'format'];
      return print.json(await inspectNamed(call, archive, others));
    }
    if (call.operands.length === 0) throw new UsageError('missing argument: IMAGE... or --archive FILE');
    const template = templateOf(values, FIELDS);
    if (values.format === 'table') throw new UsageError('a table of inspect needs fields, as in: --format "table {{.ID}}\\t{{.Size}}"');
    const found: object[] = [];
    await forEachOperand(call, async (client, image, signal) => {
      found.push(await client.inspectImage(image, { platform: values.platform, signal }));
    });
    await (template === undefined ? print.json(found) : print.text(template(found)));
  },
});

/** The fields of an image in the docker command. Engines send `ID` as `Id`. */
const FIELDS = {
  ID: '', RepoTags: [], RepoDigests: [], Created: '', Architecture: '', Variant: '', Os: '', OsVersion: '', Size: 0, VirtualSize: 0,
  Parent: '', Comment: '', DockerVersion: '', Author: '',
  Config: {
    User: '', ExposedPorts: {}, Env: [], Cmd: [], Entrypoint: [], WorkingDir: '', Labels: {}, Volumes: {}, OnBuild: [], StopSignal: '',
    Shell: [], Healthcheck: { Test: [], Interval: 0, Timeout: 0, StartPeriod: 0, StartInterval: 0, Retries: 0 }, ArgsEscaped: false,
  },
  GraphDriver: { Name: '', Data: {} },
  RootFS: { Type: '', Layers: [] },
  Metadata: { LastTagTime: '' },
  Descriptor: { MediaType: '', Digest: '', Size: 0, URLs: [], Annotations: {}, Data: '', Platform: {}, ArtifactType: '' },
  Manifests: [],
  Identity: {},
} as const;
