import type { DatabaseError } from 'pg'
import { AppError } from '../contract/errors.ts'
import { isCertificateError, whyRefused } from '../platform/trust.ts'

/** SQLSTATEs with which PostgreSQL says that it cannot serve anybody now, or ended this connection (PostgreSQL, appendix A). */
const unavailable = [
  /^08/, // connection exceptions
  /^53[23]00$/, // out of memory, too many connections
  /^57P0[1-5]$/, // it stops, has crashed, is starting, the database was dropped, the session was idle for too long
  /^25P03$/, // the transaction was idle for too long
]

/** Whether the connection is of no use any more. What did not come from PostgreSQL came from the way to it. */
export function isLost(error: unknown): boolean {
  const code = sqlState(error)
  return code === undefined || unavailable.some((pattern) => pattern.test(code))
}

/** Of several transactions at once one has to come again: serialization_failure, deadlock_detected. */
export function isCollision(error: unknown): boolean {
  return ['40001', '40P01'].includes(sqlState(error) ?? '')
}

/** What PostgreSQL refused, in our words where there are any. */
export function asAppError(error: unknown): unknown {
  switch (sqlState(error)) {
    case '53100': // disk_full
      return new AppError(
        'storage-full',
        'no space is left on the disk of the database; free some space and try again',
        {
          cause: error,
        },
      )
    case '22021': // character_not_in_repertoire
      return new AppError('input-invalid', 'a text has a character NUL, which the database cannot keep', {
        cause: error,
      })
    case '57014': // query_canceled
    case '55P03': // lock_not_available
      return new AppError('database-unavailable', 'the database took too long, and nothing was changed; try again', {
        cause: error,
      })
    case '25006': // read_only_sql_transaction
      return new AppError(
        'database-unavailable',
        'the database takes no changes: it is a standby, or set to read only',
        {
          cause: error,
        },
      )
    default:
      return error
  }
}

export function unreachable(cause: unknown): AppError {
  // When each of several addresses failed, there is no message.
  const { code, message } = cause as NodeJS.ErrnoException
  const reason = isCertificateError(cause)
    ? `it is not trusted: ${whyRefused(cause, { authority: 'databaseUrl, as sslrootcert', address: 'the host in databaseUrl' })}`
    : message || code
  return new AppError('database-unavailable', `the database cannot be reached: ${reason}`, { cause })
}

/** The connection was lost before anything could be changed by what was asked last. */
export function lostBefore(cause: unknown): AppError {
  const said = (cause as Error).message
  return new AppError(
    'database-unavailable',
    `the connection to the database was lost (${said}), and nothing was changed; try again`,
    { cause },
  )
}

/** The connection was lost after a change was asked for, and before it was known to be made. */
export function lostBetween(cause: unknown): AppError {
  const said = (cause as Error).message
  return new AppError(
    'outcome-unknown',
    `the connection to the database was lost (${said}) before it said whether the change was made; look whether it was, or repeat what may be done twice`,
    { cause },
  )
}

/** By its form, so that whoever asks about an error need not load `pg`. */
function sqlState(error: unknown): string | undefined {
  const { code, severity } = error as Partial<DatabaseError>
  return severity === undefined ? undefined : code
}
