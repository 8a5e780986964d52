import { type Static, Type } from 'typebox'
import { CloudName } from './instance.ts'
import { Labels } from './names.ts'

/** Outside IPv4 addresses that stacks may have, declared by an operator: `/api/v1/floating-ranges`. */
export const FloatingRange = Type.Object(
  {
    name: CloudName,
    range: Type.String({ pattern: '^[0-9.]{7,15}/[0-9]{1,2}$' }),
    /** The outside routes the range to the hosts; otherwise a host answers for its addresses as aliases of its outside interface. */
    routed: Type.Boolean({ default: false }),
    /** Only hosts with all of these labels can have its addresses. */
    labels: Type.Optional(Labels),
  },
  { additionalProperties: false },
)
export type FloatingRange = Static<typeof FloatingRange>

/** A floating range as it is listed. */
export const FloatingRangeUse = Type.Object({
  ...FloatingRange.properties,
  used: Type.Integer({ minimum: 0 }),
  /** How many addresses it has. */
  size: Type.Integer({ minimum: 0 }),
})
export type FloatingRangeUse = Static<typeof FloatingRangeUse>
