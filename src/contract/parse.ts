import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { check } from './check.ts'
import { AppError, type ErrorCode } from './errors.ts'

/**
 * Checks a value against a schema and returns it with its type, unchanged.
 *
 * `what` names the thing in the error ("journal.json", "component.json"), which lists at most five violations with their paths.
 * @throws AppError input-invalid, or `code` when given
 */
export function parse<S extends TSchema>(
  schema: S,
  value: unknown,
  what: string,
  code: ErrorCode = 'input-invalid',
): Static<S> {
  if (check(schema, value)) return value
  throw new AppError(code, `${what}: ${describe(schema, value)}`)
}

/** Parses JSON text and checks it. @throws AppError input-invalid, or `code` when given */
export function parseJson<S extends TSchema>(
  schema: S,
  text: string,
  what: string,
  code: ErrorCode = 'input-invalid',
): Static<S> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AppError(code, `${what} is not JSON: ${(cause as Error).message}`, { cause })
  }
  return parse(schema, value, what, code)
}

function describe(schema: TSchema, value: unknown): string {
  const lines: string[] = []
  for (const error of Value.Errors(schema, value)) {
    // A forbidden key is reported twice; the path of the key itself says more.
    if (error.keyword === 'additionalProperties') continue
    const path = error.instancePath.replaceAll('/', '.').slice(1) || 'value'
    const found = error.instancePath.split('/').slice(1).reduce(step, value)
    const text =
      error.keyword === 'boolean'
        ? 'is not a known key'
        : error.keyword === 'required'
          ? error.message
          : `${error.message}${detail(error.params)} (it is ${show(found)})`
    lines.push(`${path} ${text}`)
    if (lines.length === 5) break
  }
  return lines.join('; ')
}

function detail(params: object): string {
  if ('allowedValues' in params) return ` ${(params.allowedValues as unknown[]).map(show).join(', ')}`
  if ('allowedValue' in params) return ` ${show(params.allowedValue)}`
  return ''
}

function step(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
