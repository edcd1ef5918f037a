// The report of which engine is used and why, as `ImageClient.explain` and `longshore context` show it.

/** The rules that choose the engine, the strongest first. */
export type EngineRule = 'host' | 'context' | 'DOCKER_HOST' | 'DOCKER_CONTEXT' | 'currentContext' | 'default' | 'alternative';

/** What one rule names, and whether it was chosen. */
export interface CandidateReport {
  readonly rule: EngineRule;
  /** A host, or the name of a context; undefined if the rule has no value. */
  readonly what: string | undefined;
  /**
   * `"chosen"`; `"overruled"` by a stronger rule; `"exists"`: a socket that exists and is not used; `"absent"`: the rule has no
   * value, or its socket does not exist.
   */
  readonly state: 'chosen' | 'overruled' | 'exists' | 'absent';
  /** A note: for a socket, the engine that it belongs to; for an invalid host, the problem; for `currentContext`, the file. */
  readonly detail: string | undefined;
}

/** A context in the docker command's store. `host` contains no secret; undefined: the default socket, or an invalid host. */
export interface KnownContext {
  readonly name: string;
  readonly host: string | undefined;
  readonly description: string | undefined;
  /** Why the context cannot be used. */
  readonly problem: string | undefined;
}

/** Which engine is used, and why. Contains no secret: all of it may be printed. */
export interface EngineExplanation {
  /** `"unix:///var/run/docker.sock"` */
  readonly host: string;
  readonly rule: EngineRule;
  /** The variable, option or setting that named the engine, `"currentContext in /home/me/.docker/config.json"`. */
  readonly source: string;
  /** The name of the context in use; `"default"` if it is not in the store. */
  readonly context: string;
  /** Undefined: the connection does not use TLS. */
  readonly tls: EngineTls | undefined;
  /** The API version that is used without asking the engine: DOCKER_API_VERSION. */
  readonly version: string | undefined;
  /** The default platform of pulls and imports: DOCKER_DEFAULT_PLATFORM. */
  readonly platform: string | undefined;
  /** The names of the headers that are added to every request. */
  readonly headers: readonly string[];
  /** All rules in order, including overruled ones, and the sockets of other engines. */
  readonly considered: readonly CandidateReport[];
  /** Problems that do not prevent a connection. */
  readonly warnings: readonly string[];
}

/** The TLS settings of a connection: paths of PEM files, and whether the server certificate is verified. */
export interface EngineTls {
  /** The CAs that are trusted; undefined: the CAs of the system. */
  readonly ca: string | undefined;
  /** The client certificate; `key` is its private key. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly verify: boolean;
}
