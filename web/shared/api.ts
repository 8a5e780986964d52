import type { Problem } from '../../src/contract/problem.ts'

/** A request that was refused or did not arrive. `status` is 0 when there was no answer at all. */
export class ApiError extends Error {
  readonly status: number

  constructor(status: number, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'ApiError'
    this.status = status
  }
}

export function isUnauthorized(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}

/** `GET /api/v1` + path. @throws ApiError with the problem's detail */
export async function getJson<T>(token: string, path: string, signal?: AbortSignal): Promise<T> {
  const response = await request(token, path, 'application/json', signal)
  try {
    return (await response.json()) as T
  } catch (cause) {
    throw new ApiError(0, `The answer to ${path} broke off.`, { cause })
  }
}

/** `POST /api/v1` + path. @throws ApiError with the problem's detail */
export async function postJson<T>(token: string, path: string, body: unknown): Promise<T> {
  const response = await request(token, path, 'application/json', undefined, JSON.stringify(body))
  try {
    return (await response.json()) as T
  } catch (cause) {
    throw new ApiError(0, `The answer to ${path} broke off; whether it was done is not known.`, { cause })
  }
}

/** The bytes of the server-sent events. @throws ApiError */
export async function openEvents(token: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const { body } = await request(token, '/events', 'text/event-stream', signal)
  if (!body) throw new ApiError(0, 'The server answered the request for events with nothing.')
  return body
}

async function request(
  token: string,
  path: string,
  accept: string,
  signal?: AbortSignal,
  body?: string,
): Promise<Response> {
  let response: Response
  try {
    response = await fetch(`/api/v1${path}`, {
      headers: {
        authorization: `Bearer ${token}`,
        accept,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { method: 'POST', body }),
      cache: 'no-store',
      credentials: 'omit',
      ...(signal ? { signal } : {}),
    })
  } catch (cause) {
    throw new ApiError(0, 'The server cannot be reached.', { cause })
  }
  if (response.ok) return response
  throw new ApiError(response.status, problemText(response.status, await response.text().catch(() => '')))
}

/** What to show for an answer that is an error: the problem's detail, or what is known without one (a proxy's page, say). */
export function problemText(status: number, body: string): string {
  try {
    const { detail, title } = JSON.parse(body) as Partial<Problem>
    if (detail) return detail
    if (title) return title
  } catch {
    // Not a problem document: said below.
  }
  return `The server answered with status ${status}.`
}
