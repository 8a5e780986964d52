/** What errno(2) calls them, with the words of strerror(3). */
const words = {
  EBUSY: 'Device busy',
  EEXIST: 'File exists',
  EINVAL: 'Invalid argument',
  ENOENT: 'No such file or directory',
  ENXIO: 'Device not configured',
  EOPNOTSUPP: 'Operation not supported',
  EADDRNOTAVAIL: "Can't assign requested address",
} as const

export type Errno = keyof typeof words

/** What the simulated kernel refuses. */
export class KernelError extends Error {
  readonly errno: Errno
  /** What FreeBSD 15 says behind the words, in parentheses. */
  readonly detail: string | undefined

  constructor(errno: Errno, detail?: string) {
    super(words[errno])
    this.name = 'KernelError'
    this.errno = errno
    this.detail = detail
  }
}
