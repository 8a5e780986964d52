/**
 * Every error that Slipway can answer, once: its code on the wire, its HTTP status, and what to do about it.
 *
 * Codes in capitals are those of the OCI Distribution Specification 1.1, "Error Codes"; the others are ours.
 */
export const errorTable = {
  BLOB_UNKNOWN: { status: 404, title: 'blob unknown to this repository' },
  BLOB_UPLOAD_INVALID: { status: 400, title: 'blob upload invalid' },
  BLOB_UPLOAD_UNKNOWN: { status: 404, title: 'blob upload unknown to this repository' },
  BLOB_UPLOAD_OFFSET: { status: 416, title: 'chunk does not start where the upload stands' },
  DIGEST_INVALID: { status: 400, title: 'digest does not match the content, or is no digest' },
  MANIFEST_BLOB_UNKNOWN: { status: 404, title: 'manifest refers to content that this repository does not have' },
  MANIFEST_INVALID: { status: 400, title: 'manifest invalid' },
  MANIFEST_TOO_LARGE: { status: 413, title: 'manifest too large' },
  MANIFEST_UNKNOWN: { status: 404, title: 'manifest unknown to this repository' },
  NAME_INVALID: { status: 400, title: 'repository name or tag invalid' },
  NAME_UNKNOWN: { status: 404, title: 'repository unknown to this registry' },
  RANGE_INVALID: { status: 416, title: 'range lies outside the content' },
  SIZE_INVALID: { status: 400, title: 'content has another length than announced' },
  TAG_IMMUTABLE: { status: 409, title: 'version tags never move' },
  UNAUTHORIZED: { status: 401, title: 'authentication required' },
  DENIED: { status: 403, title: 'access denied' },
  TOOMANYREQUESTS: { status: 429, title: 'too many requests' },
  UNSUPPORTED: { status: 405, title: 'operation unsupported' },

  'input-invalid': { status: 400, title: 'the input does not have the expected form' },
  'config-invalid': { status: 400, title: 'the configuration is not valid' },
  'not-found': { status: 404, title: 'no such thing' },
  conflict: { status: 409, title: 'the request contradicts what is there' },
  'release-unknown': { status: 404, title: 'no such release' },
  'release-invalid': { status: 422, title: 'the release cannot be used' },
  'bundle-refused': { status: 422, title: 'the archive was refused' },
  'image-refused': { status: 422, title: 'the disk image was refused' },
  'storage-full': { status: 507, title: 'no space left' },
  'storage-unavailable': { status: 503, title: 'the storage does not answer' },
  'database-unavailable': { status: 503, title: 'the database does not answer' },
  'outcome-unknown': { status: 503, title: 'nobody knows whether it was done' },
  'command-failed': { status: 500, title: 'a command failed' },
  'command-timeout': { status: 500, title: 'a command did not end in time' },
  'peer-unreachable': { status: 502, title: 'the other side cannot be reached' },
  'peer-untrusted': { status: 502, title: 'the other side cannot prove who it is' },
  'peer-refused': { status: 502, title: 'the other side refused' },
  'payload-too-large': { status: 413, title: 'the request is too large' },
  internal: { status: 500, title: 'an error of this program' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof errorTable

/** How long whoever is answered 429 or 503 should wait before coming again: the `Retry-After` of each such answer. */
export const retryAfterSeconds = 30

/**
 * The one error class. `message` says what was wrong, with which value, and what to do; `code` is what programs decide by.
 * `cause` keeps the error that led here; it is logged and never sent to a peer.
 */
export class AppError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'AppError'
    this.code = code
  }

  get status(): number {
    return errorTable[this.code].status
  }
}

/** Whether `error` is an AppError, with one of `codes` when any is given. */
export function isAppError(error: unknown, ...codes: ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code))
}
