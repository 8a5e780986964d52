import { AppError, type ErrorCode } from '../contract/errors.ts'
import type { Failure, UpdateState } from '../contract/update.ts'

type Reason = Failure['reason']

/** An error that knows which reason it is in the journal, and which component it is about. */
export class StepFailure extends Error {
  readonly reason: Reason
  readonly component: string | undefined

  constructor(reason: Reason, message: string, options: { component?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'StepFailure'
    this.reason = reason
    this.component = options.component
  }
}

const reasons: { readonly [C in ErrorCode]?: Reason } = {
  'bundle-refused': 'bundle-refused',
  'storage-full': 'storage-full',
  'release-invalid': 'release-invalid',
  'release-unknown': 'release-invalid',
  MANIFEST_INVALID: 'release-invalid',
  MANIFEST_UNKNOWN: 'release-invalid',
  BLOB_UNKNOWN: 'release-invalid',
  NAME_UNKNOWN: 'release-invalid',
  DIGEST_INVALID: 'digest-mismatch',
  SIZE_INVALID: 'digest-mismatch',
  'not-found': 'download-failed',
  'peer-unreachable': 'download-failed',
  'peer-untrusted': 'download-failed',
  'peer-refused': 'download-failed',
  UNAUTHORIZED: 'download-failed',
  DENIED: 'download-failed',
  'command-failed': 'service-failed',
  'command-timeout': 'service-failed',
}

/** What an error that ended `state` is in the journal. A rollback that fails keeps what it was for. */
export function failureOf(error: unknown, state: UpdateState, at: Date, rolledBackFor?: Failure): Failure {
  const message = error instanceof Error ? error.message : String(error)
  const component = error instanceof StepFailure ? error.component : undefined
  if (state === 'rollback')
    return {
      reason: 'rollback-failed',
      message: shorten(`${message}${rolledBackFor ? `; the rollback was because: ${rolledBackFor.message}` : ''}`),
      ...(component ? { component } : {}),
      state,
      at: at.toISOString(),
    }
  return {
    reason: reasonOf(error),
    message: shorten(message),
    ...(component ? { component } : {}),
    state,
    at: at.toISOString(),
  }
}

/** As `error`, about `component`, unless it already names one. */
export function about(component: string, error: unknown): StepFailure {
  if (error instanceof StepFailure && error.component !== undefined) return error
  const message = error instanceof Error ? error.message : String(error)
  return new StepFailure(reasonOf(error), message, { component, cause: error })
}

/** The most that a journal, a report and a page have to hold of what a program said. */
export function shorten(text: string): string {
  return text.length > 2000 ? `${text.slice(0, 1999)}…` : text
}

function reasonOf(error: unknown): Reason {
  if (error instanceof StepFailure) return error.reason
  return (error instanceof AppError && reasons[error.code]) || 'internal'
}
