import type { Static, TSchema } from 'typebox'
import { AppError, type ErrorCode, errorTable } from '../contract/errors.ts'
import { parse, parseJson } from '../contract/parse.ts'
import { WorkLine } from '../contract/work.ts'
import { refusal } from '../platform/json-http.ts'
import type { Client } from './client.ts'
import { openProgress } from './progress.ts'

interface Following {
  body?: unknown
  /** What has been done so far: "checked". */
  doing: string
  /** How an amount of it is said; bytes without it. */
  text?: (count: number) => string
}

/**
 * Asks the server for work that takes long, shows how far it is, and answers what came of it. @throws AppError what the server says, with its code;
 * peer-unreachable when its answer ends before the work does
 */
export async function followWork<Result extends TSchema>(
  client: Client,
  result: Result,
  path: string,
  { body = {}, doing, text }: Following,
): Promise<Static<Result>> {
  const asked = `POST /api/v1${path}`
  const response = await client.http.send('POST', `/api/v1${path}`, {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  if (response.status >= 300) throw await refusal(response, asked)
  const progress = openProgress()
  const show = progress.show(doing, text)
  const answer = `the answer to ${asked}`
  let last: WorkLine | undefined
  let rest = ''
  try {
    // To its very end, also behind the last line: an answer that is left before breaks off the connection.
    for await (const text of response.body.setEncoding('utf8')) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        last = parseJson(WorkLine, line, answer, 'peer-refused')
        if ('done' in last) show(last.done, last.total)
      }
    }
  } finally {
    progress.close()
  }
  if (last && 'result' in last) return parse(result, last.result, answer, 'peer-refused')
  if (last && 'problem' in last) {
    const { code, message } = last.problem
    throw new AppError(code in errorTable ? (code as ErrorCode) : 'peer-refused', message)
  }
  throw new AppError(
    'peer-unreachable',
    `the server ended its answer to ${asked} before the work ended; it goes on unless the server was stopped`,
  )
}
