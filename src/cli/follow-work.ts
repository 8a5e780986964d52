import { createInterface } from 'node:readline'
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
  try {
    for await (const line of createInterface({ input: response.body })) {
      const told = parseJson(WorkLine, line, answer, 'peer-refused')
      if ('result' in told) return parse(result, told.result, answer, 'peer-refused')
      if ('problem' in told) {
        const { code, message } = told.problem
        throw new AppError(code in errorTable ? (code as ErrorCode) : 'peer-refused', message)
      }
      show(told.done, told.total)
    }
  } finally {
    progress.close()
  }
  throw new AppError(
    'peer-unreachable',
    `the server ended its answer to ${asked} before the work ended; it goes on unless the server was stopped`,
  )
}
