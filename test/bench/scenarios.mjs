// The scenarios, one row each, with the contenders that can do it and the required results.
//
// `gates` is the least ratio of our speed to that of the others; the best of them counts. A speed of 3 means that we take
// a third of their time. `cpuGates` is the same for processor time, `p99Gates` for the slowest call of a hundred, and
// `memoryGate` is the most MiB that our peak memory may be above that of an idle Node process.

const NODE = ['node-http', 'undici'];
const DOCKER = ['dockerode', 'docker-node-sdk'];
const PROGRAMS = ['curl', 'docker', 'docker-py'];
const ALL = ['floor', ...PROGRAMS, ...NODE, ...DOCKER];

/** As in a script or a test: V8 has compiled little of the code, and the whole process makes few calls. */
const SHORT = { warmUpCalls: 300, calls: 5, mostCalls: 5000, unit: 'calls' };

/** In the tables, the wall time is divided by `unit`. */
export const scenarios = [
  {
    name: 'save-sink',
    title: 'Save, written as Go writes', // then the engine is the limit for fast clients
    operation: 'saveToSink',
    unit: 'bytes',
    contenders: ['longshore', ...ALL],
    memoryGate: 25,
    gates: [
      [['floor'], 0.9],
      [NODE, 3],
      [['dockerode'], 4],
      [['docker-node-sdk'], 4],
      [['curl'], 0.95],
      [['docker'], 1.1],
    ],
    cpuGates: [
      ['floor', 1 / 1.5],
      ['node-http', 3],
      ['undici', 3],
    ],
  },
  {
    name: 'save-burst',
    title: 'Save, in large writes', // of 1 MiB: the engine is never the limit
    operation: 'saveToSink',
    image: 'burst',
    unit: 'bytes',
    contenders: ['longshore', ...ALL],
    gates: [
      [['floor'], 0.9],
      [NODE, 3],
      [['dockerode'], 4],
      [['docker-node-sdk'], 4],
      [['curl'], 0.95],
      [['docker'], 1.1],
    ],
    cpuGates: [
      ['floor', 1 / 1.5],
      ['node-http', 3],
      ['undici', 3],
    ],
  },
  {
    name: 'save-iterated',
    title: 'Save, with for await',
    operation: 'saveIterated',
    unit: 'bytes',
    contenders: ['longshore', 'floor', ...NODE, ...DOCKER],
    gates: [
      [['floor'], 0.3],
      [NODE, 1.3],
      [DOCKER, 2],
    ],
  },
  {
    name: 'save-tiny',
    title: 'Save, chunks of 100 bytes',
    operation: 'saveToSink',
    image: 'tiny',
    size: 0.25,
    unit: 'bytes',
    contenders: ['longshore', ...ALL],
    gates: [
      [['floor'], 0.25],
      [NODE, 4],
      [DOCKER, 6],
    ],
  },
  {
    name: 'save-file',
    title: 'Save to a file',
    operation: 'saveToFile',
    unit: 'bytes',
    contenders: ['longshore', ...ALL.filter((name) => name !== 'undici')],
    memoryGate: 25,
    gates: [
      [['floor'], 0.9],
      [['node-http'], 5],
      [['dockerode'], 6.5],
      [['docker-node-sdk'], 6.5],
      [['curl'], 0.95],
      [['docker'], 1.3],
    ],
  },
  {
    name: 'save-verified',
    title: 'Save, with and without verification',
    operation: 'saveToSink',
    unit: 'bytes',
    contenders: ['longshore', 'longshore:unverified', 'longshore:digests', 'sha256sum'],
    gates: [[['longshore:unverified'], 0.85]],
  },
  {
    name: 'load-file',
    title: 'Load from a file',
    operation: 'loadFile',
    unit: 'bytes',
    contenders: ['longshore', 'longshore:stream-of-file', ...ALL],
    memoryGate: 25,
    gates: [
      [['floor'], 0.9],
      [NODE, 4],
      [DOCKER, 4.5],
      [['curl'], 2],
      [['docker'], 1.3],
    ],
  },
  {
    name: 'load-buffer',
    title: 'Load from a Buffer',
    operation: 'loadBuffer',
    unit: 'bytes',
    contenders: ['longshore', ...NODE, 'dockerode'],
    gates: [
      [NODE, 1],
      [['dockerode'], 1],
    ],
  },
  {
    name: 'load-stream',
    title: 'Load from a stream',
    operation: 'loadStream',
    unit: 'bytes',
    contenders: ['longshore', ...NODE, ...DOCKER],
    gates: [
      [NODE, 1.05],
      [DOCKER, 1.35],
    ],
  },
  {
    name: 'calls-1',
    title: 'Inspect, one at a time',
    operation: 'call',
    calls: 2,
    unit: 'calls',
    contenders: ['longshore', 'floor', 'docker-py', ...NODE, ...DOCKER],
    p99Gates: [[NODE, 3]],
    gates: [
      [['floor'], 0.77],
      [NODE, 1.8],
      [['dockerode'], 1.9],
      [['docker-node-sdk'], 4],
    ],
  },
  {
    name: 'calls-16',
    title: 'Inspect, 16 at once',
    operation: 'call',
    atOnce: 16,
    calls: 4, // on Node 24 and 26, V8 compiles during the first 20,000
    unit: 'calls',
    contenders: ['longshore', ...NODE, ...DOCKER],
    gates: [
      [NODE, 2.3],
      [['dockerode'], 3.4],
      [['docker-node-sdk'], 7],
    ],
  },
  {
    name: 'connections',
    title: 'Inspect, each on a new connection',
    operation: 'callAnew',
    calls: 0.2,
    unit: 'calls',
    contenders: ['longshore', 'floor', ...NODE, ...DOCKER],
    gates: [
      [NODE, 1.9],
      [['dockerode'], 1.6],
      [['docker-node-sdk'], 4],
    ],
  },
  {
    name: 'short-1',
    title: 'Short process: inspect, one at a time',
    operation: 'call',
    ...SHORT,
    contenders: ['longshore', 'floor', ...NODE, ...DOCKER],
    gates: [[['undici'], 1.7]],
  },
  {
    name: 'short-16',
    title: 'Short process: inspect, 16 at once',
    operation: 'call',
    atOnce: 16,
    ...SHORT,
    contenders: ['longshore', ...NODE, ...DOCKER],
    gates: [[['undici'], 1.5]],
  },
  {
    name: 'short-connections',
    title: 'Short process: inspect, each on a new connection',
    operation: 'callAnew',
    ...SHORT,
    calls: 1,
    contenders: ['longshore', 'floor', ...NODE, ...DOCKER],
    gates: [[['undici'], 2.8]],
  },
  {
    name: 'short-tcp',
    title: 'Short process: inspect over TCP, one at a time',
    operation: 'call',
    place: 'tcp',
    ...SHORT,
    contenders: ['longshore', ...NODE],
    gates: [],
  },
  {
    name: 'first-answer',
    title: 'First answer of a process, beyond an empty Node', // import, a client, one list of images
    program: 'first',
    place: 'process',
    unit: 'answers',
    contenders: ['longshore', 'longshore:negotiated', 'longshore:command', ...NODE, ...DOCKER, 'docker'],
    gates: [[['node-http'], 1 / 1.7]],
  },
  {
    name: 'calls-tls',
    title: 'Inspect over TLS, one at a time',
    operation: 'call',
    place: 'tls',
    calls: 0.4,
    unit: 'calls',
    contenders: ['longshore', ...NODE],
    gates: [],
  },
  {
    name: 'calls-ssh',
    title: 'Inspect over ssh, one at a time', // an ssh that only joins two streams, so our side is measured
    operation: 'call',
    place: 'ssh',
    calls: 0.02,
    unit: 'calls',
    contenders: ['longshore', 'longshore:anew'],
    gates: [],
  },
  {
    name: 'progress',
    title: 'Progress of a pull',
    operation: 'progress',
    unit: 'lines',
    contenders: ['longshore', 'JSON.parse', 'docker-py', ...NODE, ...DOCKER],
    gates: [
      [['JSON.parse'], 0.55],
      [NODE, 1.25],
      [['dockerode'], 2],
      [['docker-node-sdk'], 2],
    ],
  },
  {
    name: 'pack',
    title: 'Pack small files',
    program: 'pack',
    unit: 'entries',
    contenders: ['longshore', 'tar-stream', 'node-tar'],
    gates: [
      [['tar-stream'], 25],
      [['node-tar'], 10],
    ],
  },
  {
    name: 'value',
    title: 'One JSON value of 1 MiB in pieces of 64 bytes',
    program: 'value',
    unit: 'values',
    contenders: ['longshore', 'JSON.parse'],
    gates: [],
  },
  {
    name: 'import',
    title: 'Import in a fresh process',
    program: 'import',
    unit: 'imports',
    contenders: ['longshore', ...NODE, ...DOCKER],
    gates: [[['undici'], 3]],
  },
  {
    name: 'import-one-file',
    title: 'Import, bundled into one file',
    program: 'import',
    oneFile: true,
    unit: 'imports',
    contenders: ['longshore', ...NODE, ...DOCKER],
    gates: [[['undici'], 7]],
  },
];
