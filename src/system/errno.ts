// Texts for the error codes of the operating system (errno), used in messages about files and sockets.

/** The texts of strerror(3), some with a remedy. A caller can replace single texts: `{ ...ERRNO_TEXTS, ENOENT: '...' }`. */
export const ERRNO_TEXTS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'disk quota exceeded',
  ELOOP: 'too many levels of symbolic links',
  EMFILE: 'too many open files; raise the limit of this process (ulimit -n)',
  ENAMETOOLONG: 'file name too long',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  EROFS: 'read-only file system',
};

/** The texts for a file that is to be created: ENOENT then means that its directory does not exist. */
export const NEW_FILE_TEXTS: Readonly<Record<string, string>> = {
  ...ERRNO_TEXTS,
  EADDRINUSE: 'the file exists already; remove it if no process listens on it',
  EEXIST: 'the file exists already; remove it if no process listens on it',
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'its parent is a file, not a directory',
};
