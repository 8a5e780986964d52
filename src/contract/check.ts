import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'

const validators = new WeakMap<TSchema, Validator>()

/**
 * Whether a value is what a schema says.
 *
 * Decision: a schema is compiled at its first use. Why: walking the schema each time took 50 µs for a manifest, and 1 µs once it is compiled; it also made
 * a regular expression anew for each pattern. Not: compiling each where it is defined, which every program would pay at its start for schemas that it never uses.
 */
export function check<S extends TSchema>(schema: S, value: unknown): value is Static<S> {
  let validator = validators.get(schema)
  if (!validator) {
    validator = Compile(schema)
    validators.set(schema, validator)
  }
  return validator.Check(value)
}
