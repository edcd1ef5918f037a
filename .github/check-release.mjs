// Runs before a release. Checks that the tag is the version of package.json, that the changelog has an entry for it, and that
// package.json names the repository, which the provenance needs.
//   node .github/check-release.mjs v1.2.3 owner/name
import { readFileSync } from 'node:fs';

const [tag, repository] = process.argv.slice(2);
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const manifest = JSON.parse(read('../package.json'));
const url = typeof manifest.repository === 'string' ? manifest.repository : manifest.repository?.url;

const faults = [
  tag !== `v${manifest.version}` && `the tag is ${tag}, and package.json has version ${manifest.version}`,
  !read('CHANGELOG.md').includes(`\n## ${manifest.version} - `) && `.github/CHANGELOG.md has no entry "## ${manifest.version} - date"`,
  !(url ?? '').replace(/\.git$/, '').endsWith(`/${repository}`) &&
    `package.json names ${url ?? 'no repository'}, and this is ${repository}: provenance needs "repository" to name it`,
].filter(Boolean);
for (const fault of faults) console.error(`cannot release: ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;
