// What the members of JSON answers must be: a table for each answer, and the check of a value against one. A value of another
// kind is a `DecodeError` here, and not a TypeError somewhere in the program that uses it. Unknown members are not looked at.

import { DecodeError } from '../errors.ts';
import { escapeText } from '../bytes.ts';
import { isJsonObject } from './api-error.ts';
import type { JsonObject } from './api-error.ts';
import { isDigest } from './reference.ts';
import { apiVersionOf } from './api-version.ts';

/**
 * A kind of value: `name` is a text that is not empty, `size` a number of bytes, `texts` a list of texts, `map` an object of
 * texts; a shape in a list is a list of such objects.
 */
type Kind = 'text' | 'name' | 'digest' | 'version' | 'number' | 'size' | 'flag' | 'texts' | 'map' | 'object' | Shape | readonly [Shape];

/** An object. Its members may be left out or null, which engines write for one another, unless they are required. */
export interface Shape {
  readonly required?: readonly string[];
  /** One of these must be there. */
  readonly oneOf?: readonly string[];
  readonly members: Readonly<Record<string, Kind>>;
}

const descriptor: Shape = {
  required: ['digest'],
  members: { mediaType: 'text', digest: 'digest', size: 'size', urls: 'texts', annotations: 'map', platform: 'object' },
};
const platform: Shape = {
  required: ['architecture', 'os'],
  members: { architecture: 'text', os: 'text', variant: 'text' },
};
const manifest: Shape = {
  required: ['ID'],
  members: { ID: 'name', Descriptor: descriptor, Available: 'flag', Kind: 'text', Size: 'object', ImageData: 'object' },
};
const config: Shape = {
  members: { User: 'text', Env: 'texts', Cmd: 'texts', Entrypoint: 'texts', WorkingDir: 'text', Labels: 'map' },
};

/** `GET /images/json`, each item. */
export const imageSummary: Shape = {
  required: ['Id'],
  members: {
    Id: 'name', ParentId: 'text', RepoTags: 'texts', RepoDigests: 'texts', Created: 'number', Size: 'number',
    SharedSize: 'number', VirtualSize: 'number', Containers: 'number', Labels: 'map', Descriptor: descriptor,
    Manifests: [manifest], Names: 'texts', Digest: 'text', History: 'texts',
  },
};

/** `GET /images/{image}/json`. */
export const imageInspect: Shape = {
  required: ['Id'],
  members: {
    Id: 'name', Parent: 'text', RepoTags: 'texts', RepoDigests: 'texts', Created: 'text', Architecture: 'text', Os: 'text',
    Variant: 'text', OsVersion: 'text', Size: 'number', VirtualSize: 'number', Comment: 'text', DockerVersion: 'text',
    Author: 'text', Config: config, GraphDriver: { members: { Name: 'text', Data: 'object' } },
    RootFS: { members: { Type: 'text', Layers: 'texts' } }, Metadata: 'object', Descriptor: descriptor, Manifests: [manifest],
  },
};

/** `GET /images/{image}/history`, each item. */
export const historyStep: Shape = {
  required: ['Id'],
  members: { Id: 'name', Created: 'number', CreatedBy: 'text', Tags: 'texts', Size: 'number', Comment: 'text' },
};

/** `DELETE /images/{image}`, each item. */
export const removal: Shape = { oneOf: ['Untagged', 'Deleted'], members: { Untagged: 'name', Deleted: 'name' } };

/** `POST /images/prune`. */
export const pruning: Shape = { oneOf: ['ImagesDeleted', 'SpaceReclaimed'], members: { ImagesDeleted: [removal], SpaceReclaimed: 'size' } };

/** `GET /images/search`, each item: the members of Docker, and those of Podman. */
export const found: Shape = {
  oneOf: ['name', 'Name'],
  members: {
    name: 'name', description: 'text', star_count: 'number', is_official: 'flag', is_automated: 'flag',
    Name: 'name', Description: 'text', Stars: 'number',
  },
};

/** `GET /distribution/{image}/json`. */
export const distribution: Shape = {
  required: ['Descriptor'],
  members: { Descriptor: descriptor, Platforms: [platform] },
};

/** `GET /images/{image}/attestations`, each item. */
export const attestation: Shape = {
  required: ['Descriptor', 'PredicateType'],
  members: { Descriptor: descriptor, PredicateType: 'text' },
};

/** `GET /version`. */
export const versions: Shape = {
  required: ['ApiVersion'],
  members: {
    Version: 'text', ApiVersion: 'version', MinAPIVersion: 'text', Os: 'text', Arch: 'text', KernelVersion: 'text', GitCommit: 'text',
    Platform: { members: { Name: 'text' } }, Components: [{ required: ['Name'], members: { Name: 'text', Version: 'text', Details: 'map' } }],
  },
};

/** `GET /info`. */
export const information: Shape = {
  members: {
    ID: 'text', Name: 'text', ServerVersion: 'text', OperatingSystem: 'text', OSType: 'text', Architecture: 'text',
    Images: 'number', Driver: 'text', Warnings: 'texts', SystemTime: 'text',
  },
};

/** `POST /auth`. */
export const login: Shape = {
  required: ['Status'],
  members: { Status: 'name', IdentityToken: 'text' },
};

/** `GET /events`, each event. */
export const event: Shape = {
  required: ['Action'],
  members: {
    Type: 'text', Action: 'text', Actor: { members: { ID: 'text', Attributes: 'map' } }, time: 'number', timeNano: 'number',
    scope: 'text', status: 'text', id: 'text', from: 'text',
  },
};

/** `GET /system/df`: below API 1.52, and from there on. */
export const diskUsage: Shape = {
  oneOf: ['LayersSize', 'Images', 'ImageUsage'],
  members: {
    LayersSize: 'size',
    Images: [imageSummary],
    ImageUsage: {
      members: { TotalSize: 'number', Reclaimable: 'number', TotalCount: 'number', ActiveCount: 'number', Items: [imageSummary] },
    },
  },
};

const NOTHING: readonly string[] = [];

/** The value as an object of that shape; a `DecodeError` that names the member which is not what it should be. */
export function objectOf(value: unknown, shape: Shape, where = ''): JsonObject {
  if (!isJsonObject(value)) throw wrongKind(where, 'an object');
  const { required = NOTHING, oneOf = NOTHING } = shape;
  const isThere = (name: string): boolean => value[name] !== undefined && value[name] !== null;
  for (const name of required) if (!isThere(name)) throw wrongKind(`${where}${name}`, 'there');
  if (oneOf.length > 0 && !oneOf.some(isThere)) throw wrongKind(`${where}${oneOf.join('" or "')}`, 'there');
  for (const name in shape.members) {
    const member = value[name];
    if (member !== undefined && member !== null) checkMember(member, shape.members[name] as Kind, where, name);
  }
  return value;
}

/** The value as a list of objects of that shape; null, which some engines write for an empty list, is one. */
export function listOf(value: unknown, shape: Shape, where = ''): readonly JsonObject[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw wrongKind(where, 'a list');
  // The place is only needed for an error, and most lists have none.
  return value.map((item, index) => (isJsonObject(item) ? objectOf(item, shape, `${where}[${index}].`) : refuseItem(where, index)));
}
function refuseItem(where: string, index: number): never {
  throw wrongKind(`${where}[${index}]`, 'an object');
}

function checkMember(value: unknown, kind: Kind, where: string, name: string): void {
  if (typeof kind !== 'string') {
    if (isListKind(kind)) listOf(value, kind[0], where + name);
    else objectOf(value, kind, `${where}${name}.`);
  } else if (!kinds[kind].test(value)) throw wrongKind(where + name, kinds[kind].is);
}

function isListKind(kind: Shape | readonly [Shape]): kind is readonly [Shape] {
  return Array.isArray(kind);
}

const isText = (value: unknown): boolean => typeof value === 'string';
const kinds: Readonly<Record<Extract<Kind, string>, { readonly is: string; test(value: unknown): boolean }>> = {
  text: { is: 'a text', test: isText },
  name: { is: 'a text that is not empty', test: (value) => isText(value) && value !== '' },
  digest: { is: 'a digest', test: (value) => isText(value) && isDigest(value as string) },
  version: { is: 'a version of the API', test: (value) => isText(value) && apiVersionOf(value as string) !== undefined },
  // JSON.parse makes Infinity of 1e999.
  number: { is: 'a number', test: (value) => Number.isFinite(value) },
  size: { is: 'a number of bytes', test: (value) => Number.isSafeInteger(value) && (value as number) >= 0 },
  flag: { is: 'true or false', test: (value) => typeof value === 'boolean' },
  texts: { is: 'a list of texts', test: (value) => Array.isArray(value) && value.every(isText) },
  map: { is: 'an object of texts', test: (value) => isJsonObject(value) && Object.values(value).every(isText) },
  object: { is: 'an object', test: isJsonObject },
};

function wrongKind(where: string, what: string): DecodeError {
  const member = where.replace(/\.$/, '');
  const subject = member === '' ? 'the answer' : `"${escapeText(member)}" of the answer`;
  return new DecodeError(`${subject} is not ${what}`, { offset: 0 });
}
