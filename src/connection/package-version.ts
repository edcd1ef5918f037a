// Our name and version. test/version.test.ts holds it to package.json.

/** The version of this package. */
export const VERSION = '0.1.0';

/** What the engine is told in `User-Agent`; it passes this on into registries' logs. */
export const USER_AGENT = `longshore/${VERSION}`;
