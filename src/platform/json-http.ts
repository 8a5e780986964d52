import type { Static, TSchema } from 'typebox'
import { AppError, type ErrorCode, errorTable } from '../contract/errors.ts'
import { parseJson } from '../contract/parse.ts'
import type { Http, HttpResponse, RequestOptions } from './http.ts'

export type JsonRequestOptions = Omit<RequestOptions, 'body'> & { body?: unknown }

/**
 * A request with a JSON body and a JSON answer, which is checked against `schema`.
 * @throws AppError the code of the peer's problem document (RFC 9457) when it sent one, else peer-refused; peer-unreachable
 */
export async function requestJson<S extends TSchema>(
  http: Http,
  schema: S,
  method: string,
  path: string,
  { body, headers, ...options }: JsonRequestOptions = {},
): Promise<Static<S>> {
  const response = await http.send(method, path, {
    ...options,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (response.status >= 300) throw await refusal(response, `${method} ${path}`)
  return parseJson(schema, await response.text(64 * 1024 * 1024), `the answer to ${method} ${path}`, 'peer-refused')
}

/** The error that a response of 300 or above stands for. */
export async function refusal(response: HttpResponse, what: string): Promise<AppError> {
  const text = await response.text().catch(() => '')
  const said = readProblem(text)
  if (said) return new AppError(said.code, said.detail)
  const code = response.status === 401 ? 'UNAUTHORIZED' : response.status === 403 ? 'DENIED' : 'peer-refused'
  return new AppError(code, `${what} was answered with ${response.status}${text ? `: ${text.slice(0, 300)}` : ''}`)
}

/**
 * Reads a problem document or an OCI error body (Distribution 1.1, "Error Codes"). Our own registry says its exact code in
 * `detail`, where that specification has only a coarse one.
 */
function readProblem(text: string): { code: ErrorCode; detail: string } | undefined {
  try {
    const body = JSON.parse(text)
    const { code, detail } = Array.isArray(body.errors)
      ? { code: body.errors[0].detail?.code ?? body.errors[0].code, detail: body.errors[0].message }
      : body
    if (typeof code === 'string' && code in errorTable && typeof detail === 'string')
      return { code: code as ErrorCode, detail }
  } catch {
    // Not JSON, or none of the two forms: the caller shows the text itself.
  }
  return undefined
}
