import { type Static, Type } from 'typebox'
import { ChannelName, ComponentName, Timestamp, Version } from './names.ts'

export const ChannelPointer = Type.Object({
  component: ComponentName,
  version: Version,
  promotedAt: Timestamp,
  promotedBy: Type.String(),
})
export type ChannelPointer = Static<typeof ChannelPointer>

/** A channel: pointers from components to versions, and how many hosts follow it. */
export const Channel = Type.Object({
  name: ChannelName,
  pointers: Type.Array(ChannelPointer),
  hosts: Type.Integer(),
})
export type Channel = Static<typeof Channel>

/** `POST /api/v1/channels/:name/promotions`: all of them move at once, or none. */
export const Promote = Type.Object(
  {
    releases: Type.Array(Type.Object({ component: ComponentName, version: Version }, { additionalProperties: false }), {
      minItems: 1,
      maxItems: 64,
    }),
  },
  { additionalProperties: false },
)
export type Promote = Static<typeof Promote>

export const Promoted = Type.Object({
  channel: Channel,
  /** How many hosts got a new generation by it. */
  hostsChanged: Type.Integer(),
})
export type Promoted = Static<typeof Promoted>
