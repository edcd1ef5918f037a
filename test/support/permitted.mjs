// A program that runs with few permissions (test/permissions.test.ts). It prints each operation with its outcome, as JSON.
//   permitted.mjs LIBRARY INPUT OUTPUT FORBIDDEN

const [library, input, output, forbidden] = process.argv.slice(2);
const { ImageClient } = await import(library);
let client;

const operations = {
  'look into the environment': async () => (client = await ImageClient.fromEnvironment()),
  list: () => client.images(),
  'pull with credentials of config.json': () => client.pull('registry.example/a:1'),
  'pull with credentials of a program': () => client.pull('helper.example/a:1'),
  'save to a file': () => client.getImage('a').toFile(output),
  'save to a file that is there': () => client.getImage('a').toFile(output),
  'save to a forbidden place': () => client.getImage('a').toFile(forbidden),
  'load a file': () => client.loadImage({ path: input }),
  'load a forbidden file': () => client.loadImage({ path: forbidden }),
};

const told = {};
for (const [name, operation] of Object.entries(operations)) {
  try {
    await operation();
    told[name] = 'done';
  } catch (error) {
    told[name] = `${error.constructor.name}: ${error.message}`;
  }
  if (client === undefined) break;
}
client?.close();
console.log(JSON.stringify(told));
