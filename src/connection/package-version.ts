// The version of this package, and the User-Agent field of its requests. A test compares the version with package.json.

/** The version of this package. */
export const VERSION = '0.1.0';

/** The value of `User-Agent`. The engine passes it on to registries, which log it. */
export const USER_AGENT = `longshore/${VERSION}`;
