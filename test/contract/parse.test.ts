import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { AppError, errorTable, isAppError } from '../../src/contract/errors.ts'
import { parse, parseJson } from '../../src/contract/parse.ts'

const schema = Type.Object(
  {
    name: Type.String({ maxLength: 5 }),
    os: Type.Enum(['freebsd', 'linux']),
    parts: Type.Optional(Type.Array(Type.Object({ size: Type.Integer({ minimum: 1 }) }))),
    kind: Type.Optional(Type.Literal('http')),
  },
  { additionalProperties: false },
)
const good = { name: 'a', os: 'linux' }

test('a value of the right form comes back unchanged', () => {
  expect(parse(schema, good, 'x.json')).toBe(good)
})

test.each([
  ['a missing key', { name: 'a' }, 'x.json: value must have required properties os'],
  [
    'a word that is none of the list',
    { ...good, os: 'bsd' },
    'x.json: os must be equal to one of the allowed values "freebsd", "linux" (it is "bsd")',
  ],
  ['a number where text belongs', { ...good, name: 7 }, 'x.json: name must be string (it is 7)'],
  [
    'a value deep inside',
    { ...good, parts: [{ size: 1 }, { size: 0 }] },
    'x.json: parts.1.size must be >= 1 (it is 0)',
  ],
  ['an unknown key', { ...good, nmae: 1 }, 'x.json: nmae is not a known key'],
  ['another constant', { ...good, kind: 'tcp' }, 'x.json: kind must be equal to constant "http" (it is "tcp")'],
  ['no object at all', 'text', 'x.json: value must be object (it is "text")'],
])('%s is told with its path and value', (_, value, message) => {
  expect(() => parse(schema, value, 'x.json')).toThrow(new AppError('input-invalid', message))
})

test('a long value is cut, and of many violations five are told', () => {
  expect(() => parse(schema, { ...good, name: 'x'.repeat(1000) }, 'x')).toThrow(/\(it is "x{76}\.\.\.\)$/)
  const many = { ...good, parts: Array.from({ length: 100 }, () => ({ size: 0 })) }
  expect(() => parse(schema, many, 'x')).toThrow(/^x: (parts\.\d+\.size must be >= 1 \(it is 0\)(; )?){5}$/)
})

test('text that is no JSON is told as such, with the code that the caller chose', () => {
  expect(() => parseJson(schema, '{', 'journal.json', 'peer-refused')).toThrow(
    expect.objectContaining({ code: 'peer-refused', message: expect.stringMatching(/^journal\.json is not JSON: /) }),
  )
})

test('an error has the status of its code and keeps its cause', () => {
  const cause = new Error('below')
  const error = new AppError('conflict', 'taken', { cause })
  expect(error).toMatchObject({ name: 'AppError', code: 'conflict', status: 409, message: 'taken', cause })
  expect([isAppError(error), isAppError(error, 'conflict'), isAppError(error, 'internal'), isAppError(cause)]).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test.each(Object.entries(errorTable))('%s has an HTTP status of an error and a title', (_, { status, title }) => {
  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThan(600)
  expect(title).toMatch(/^[a-z]/)
})
