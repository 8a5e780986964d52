import type { TSchema } from 'typebox'
import { Settings } from 'typebox/system'
import { Value } from 'typebox/value'
import type { Fault } from './fault.ts'
import { nearest } from './nearest.ts'

/** What a schema finds wrong with a value, each thing once and in words. */
export function schemaFaults(schema: TSchema, value: unknown): Fault[] {
  const errors = allErrors(schema, value)
  const faults = new Map<string, Fault>()
  for (const error of errors) {
    const path = pathOf(error.instancePath, value)
    const key = path.join('/')
    // A choice tells what each of its ways finds wrong; the way that has the right type says the most.
    if (error.keyword === 'anyOf' || (error.keyword === 'type' && isMoreSaid(errors, error.instancePath))) continue
    if (error.keyword === 'additionalProperties') {
      for (const unknown of (error.params as { additionalProperties: string[] }).additionalProperties) {
        const known = Object.keys(propertiesAt(schema, path))
        faults.set(`${key}/${unknown}`, { path: [...path, unknown], message: unknownKey(unknown, known) })
      }
    } else if (error.keyword === 'required') {
      for (const missing of (error.params as { requiredProperties: string[] }).requiredProperties)
        faults.set(`${key}/${missing}`, { path: [...path, missing], message: 'is missing' })
    } else if (error.keyword !== 'boolean' && !faults.has(key)) {
      faults.set(key, { path, message: `${sentence(error)} (it is ${show(at(value, path))})` })
    }
  }
  return [...faults.values()]
}

function unknownKey(key: string, known: readonly string[]): string {
  // Only labels are called as one likes.
  if (known.length === 0)
    return 'is no name of a label: a lower-case letter, then lower-case letters, digits, dots, dashes and underscores'
  const meant = nearest(key, known)
  return `is not a known key; ${meant ? `did you mean ${meant}?` : `known are ${known.join(', ')}`}`
}

/** TypeBox stops after a few, which may be in the middle of a choice. */
function allErrors(schema: TSchema, value: unknown): SchemaError[] {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: 1000 })
  try {
    return Value.Errors(schema, value)
  } finally {
    Settings.Set({ maxErrors })
  }
}

type SchemaError = ReturnType<typeof Value.Errors>[number]

function isMoreSaid(errors: readonly SchemaError[], instancePath: string): boolean {
  return errors.some(
    ({ instancePath: path, keyword }) =>
      (path === instancePath || path.startsWith(`${instancePath}/`)) && keyword !== 'type' && keyword !== 'anyOf',
  )
}

function sentence(error: SchemaError): string {
  const { keyword, params, message } = error as { keyword: string; params: Record<string, unknown>; message: string }
  if (keyword === 'enum') return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
  if (keyword === 'pattern' && String(params.pattern).includes('MiB|GiB'))
    return 'must be a size such as 512MiB or 20GiB'
  if (keyword === 'pattern' && String(params.pattern).startsWith('^[a-z]('))
    return 'must be lower-case letters, digits and dashes, and begin with a letter'
  if (keyword === 'pattern' && String(params.pattern).startsWith('^[!-~]+( '))
    return 'must be a public key in one line of ASCII: type, key, comment'
  const isLabel = /\/labels\/[^/]+$/.test(error.instancePath)
  if (keyword === 'type' && isLabel) return 'must be text: put it in quotes'
  if (keyword === 'pattern' && isLabel && String(params.pattern).includes('/:'))
    return 'may have letters, digits and _ . / : - only'
  return message
}

function pathOf(pointer: string, value: unknown): (string | number)[] {
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  let inside = value
  return parts.map((part) => {
    const step = Array.isArray(inside) ? Number(part) : part
    inside = at(inside, [step])
    return step
  })
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inside, part) =>
      typeof inside === 'object' && inside !== null ? (inside as Record<string | number, unknown>)[part] : undefined,
    value,
  )
}

interface Shape {
  properties?: Record<string, Shape>
  items?: Shape
  anyOf?: Shape[]
}

/** The keys that may stand at a path. */
function propertiesAt(schema: TSchema, path: readonly (string | number)[]): Record<string, unknown> {
  const shape = path.reduce<Shape | undefined>(
    (inside, part) => (typeof part === 'number' ? inside?.items : objectOf(inside)?.properties?.[part]),
    schema as Shape,
  )
  return objectOf(shape)?.properties ?? {}
}

function objectOf(shape: Shape | undefined): Shape | undefined {
  return shape?.properties ? shape : shape?.anyOf?.find(({ properties }) => properties)
}

function show(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
