// The expected shape of each JSON response, as a table, and the check of a value against its shape. A value of another type causes
// a `DecodeError` here, instead of a TypeError in the program that uses it. Unknown members are not checked.

import { escapeText } from '../bytes.ts';
import { DecodeError } from '../errors.ts';
import { parseApiVersion } from './api-version.ts';
import { isJsonObject } from './json.ts';
import { isDigest } from './reference.ts';

/** The type of a member: a name in `types`, the shape of an object, or `[shape]` for a list of objects. */
type Type = keyof typeof types | Shape | readonly [Shape];

/** The shape of an object. Members that are not required may be absent or null: engines write either for an empty value. */
export interface Shape {
  readonly required?: readonly string[];
  /** At least one of these is required. */
  readonly oneOf?: readonly string[];
  readonly members: Readonly<Record<string, Type>>;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const types = {
  text: { name: 'a string', test: isText },
  name: { name: 'a string that is not empty', test: (value: unknown) => isText(value) && value !== '' },
  digest: { name: 'a digest', test: (value: unknown) => isText(value) && isDigest(value as string) },
  version: { name: 'an API version', test: (value: unknown) => isText(value) && parseApiVersion(value as string) !== undefined },
  number: { name: 'a finite number', test: (value: unknown) => Number.isFinite(value) }, // JSON.parse reads 1e999 as Infinity
  size: { name: 'a number of bytes', test: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0 },
  flag: { name: 'true or false', test: (value: unknown) => typeof value === 'boolean' },
  texts: { name: 'a list of strings', test: (value: unknown) => Array.isArray(value) && value.every(isText) },
  map: { name: 'an object of strings', test: (value: unknown) => isJsonObject(value) && Object.values(value).every(isText) },
  object: { name: 'an object', test: isJsonObject },
} as const;

const descriptor: Shape = {
  required: ['digest'],
  members: { mediaType: 'text', digest: 'digest', size: 'size', urls: 'texts', annotations: 'map', platform: 'object' },
};
const platform: Shape = { required: ['architecture', 'os'], members: { architecture: 'text', os: 'text', variant: 'text' } };
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
export const historyItem: Shape = {
  required: ['Id'],
  members: { Id: 'name', Created: 'number', CreatedBy: 'text', Tags: 'texts', Size: 'number', Comment: 'text' },
};

/** `DELETE /images/{image}`, each item. */
export const removeItem: Shape = { oneOf: ['Untagged', 'Deleted'], members: { Untagged: 'name', Deleted: 'name' } };

/** `POST /images/prune`. */
export const pruneResult: Shape = {
  oneOf: ['ImagesDeleted', 'SpaceReclaimed'],
  members: { ImagesDeleted: [removeItem], SpaceReclaimed: 'size' },
};

/** `GET /images/search`, each item: Docker's members, then Podman's. */
export const searchResult: Shape = {
  oneOf: ['name', 'Name'],
  members: {
    name: 'name', description: 'text', star_count: 'number', is_official: 'flag', is_automated: 'flag',
    Name: 'name', Description: 'text', Stars: 'number',
  },
};

/** `GET /distribution/{image}/json`. */
export const distribution: Shape = { required: ['Descriptor'], members: { Descriptor: descriptor, Platforms: [platform] } };

/** `GET /images/{image}/attestations`, each item. */
export const attestation: Shape = {
  required: ['Descriptor', 'PredicateType'],
  members: { Descriptor: descriptor, PredicateType: 'text' },
};

/** `GET /version`. */
export const version: Shape = {
  required: ['ApiVersion'],
  members: {
    Version: 'text', ApiVersion: 'version', MinAPIVersion: 'text', Os: 'text', Arch: 'text', KernelVersion: 'text', GitCommit: 'text',
    Platform: { members: { Name: 'text' } },
    Components: [{ required: ['Name'], members: { Name: 'text', Version: 'text', Details: 'map' } }],
  },
};

/** `GET /info`. */
export const info: Shape = {
  members: {
    ID: 'text', Name: 'text', ServerVersion: 'text', OperatingSystem: 'text', OSType: 'text', Architecture: 'text',
    Images: 'number', Driver: 'text', Warnings: 'texts', SystemTime: 'text',
  },
};

/** `POST /auth`. */
export const login: Shape = { required: ['Status'], members: { Status: 'name', IdentityToken: 'text' } };

/** `GET /events`, each event. */
export const event: Shape = {
  required: ['Action'],
  members: {
    Type: 'text', Action: 'text', Actor: { members: { ID: 'text', Attributes: 'map' } }, time: 'number', timeNano: 'number',
    scope: 'text', status: 'text', id: 'text', from: 'text',
  },
};

/** `GET /system/df`: `LayersSize` and `Images` below API 1.52, `ImageUsage` from API 1.52 on. */
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

const NONE: readonly string[] = [];

/**
 * Checks a value against a shape, and returns it as `Value`, the type that the shape describes. `path` is the place of the object
 * in the response. Throws a `DecodeError` that names the wrong member.
 */
export function checkObject<Value>(value: unknown, shape: Shape, path = ''): Value {
  if (!isJsonObject(value)) throw invalid(path, 'is not an object');
  const { required = NONE, oneOf = NONE } = shape;
  const isPresent = (name: string): boolean => value[name] !== undefined && value[name] !== null;
  for (const name of required) if (!isPresent(name)) throw invalid(`${path}${name}`, 'is missing');
  if (oneOf.length > 0 && !oneOf.some(isPresent)) throw invalid(`${path}${oneOf.join('" or "')}`, 'is missing');
  for (const name in shape.members) {
    const member = value[name];
    if (member !== undefined && member !== null) checkMember(member, shape.members[name] as Type, path, name);
  }
  return value as Value;
}

/** Checks a list of objects against a shape, and returns it. Some engines write null for an empty list. */
export function checkList<Item>(value: unknown, shape: Shape, path = ''): readonly Item[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw invalid(path, 'is not a list');
  return value.map((item: unknown, index) => {
    if (!isJsonObject(item)) throw invalid(`${path}[${index}]`, 'is not an object');
    return checkObject(item, shape, `${path}[${index}].`);
  });
}

function checkMember(value: unknown, type: Type, path: string, name: string): void {
  if (typeof type !== 'string') {
    if (isListType(type)) checkList(value, type[0], path + name);
    else checkObject(value, type, `${path}${name}.`);
  } else if (!types[type].test(value)) throw invalid(path + name, `is not ${types[type].name}`);
}

function isListType(type: Shape | readonly [Shape]): type is readonly [Shape] {
  return Array.isArray(type);
}

function invalid(path: string, fault: string): DecodeError {
  const member = path.replace(/\.$/, '');
  return new DecodeError(`invalid response: ${member === '' ? 'it' : `"${escapeText(member)}"`} ${fault}`, { offset: 0 });
}
