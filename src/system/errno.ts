// The words for the error names of the operating system (errno), for messages about files and sockets.

/** What the names mean, as strerror(3) says it. A caller that knows more replaces a row: `{ ...ERRNO_TEXTS, ENOENT: '...' }`. */
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

/** The rows for a file that is to be made: its directory is what may be missing. */
export const NEW_FILE_TEXTS: Readonly<Record<string, string>> = {
  ...ERRNO_TEXTS,
  EADDRINUSE: 'the file exists already; remove it if no process listens on it',
  EEXIST: 'the file exists already; remove it if no process listens on it',
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'its parent is a file, not a directory',
};
