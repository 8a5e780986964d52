import { type TSchema, Type } from 'typebox'
import { CloudName } from './instance.ts'

/** Nothing but the keys that are named. */
export const closed = { additionalProperties: false } as const

/** A schema of the contract, with what it means here. */
export function described<S extends TSchema>(schema: S, description: string, options: object = {}): S {
  return { ...schema, ...options, description }
}

/** The name of a thing of a stack. */
export const name = (description: string) => described(CloudName, description)

/** An IP address. */
export const address = (description: string) => Type.String({ pattern: '^[0-9A-Fa-f:.]{2,45}$', description })
