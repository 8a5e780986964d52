import { type Static, Type } from 'typebox'
import { Capability } from './compute-status.ts'
import { DaemonStatus } from './daemon.ts'
import { NetworkFigures } from './figures.ts'
import { InterfaceName } from './instance.ts'
import { Id, Timestamp } from './names.ts'

const Generation = Type.Integer({ minimum: 0 })
const Sentence = Type.String({ maxLength: 500 })

/** What network answers on `GET /status`. */
export const NetworkStatus = Type.Object({
  ...DaemonStatus.properties,
  /** The generation whose interfaces and rules are in force; 0 before the first. */
  loaded: Generation,
  /** A generation in force that is undone at `until`, unless `POST /confirm {"generation": N}` comes before. */
  trial: Type.Optional(Type.Object({ generation: Generation, until: Timestamp })),
  /** The newest generation that was not taken or was undone, and why; it is not tried again until `POST /clear-refused`. */
  refused: Type.Optional(Type.Object({ generation: Generation, reason: Sentence, at: Timestamp })),
  /** The ports whose rules are in force: an instance may start when all of its ports are here. */
  ports: Type.Array(Id, { maxItems: 8192 }),
  /** The outside, as it was found; absent when there is none. */
  egress: Type.Optional(
    Type.Object({ interface: InterfaceName, ipv4: Type.Optional(Type.String()), ipv6: Type.Optional(Type.String()) }),
  ),
  /** Whether net.pf.filter_local was on when PF started: then the host itself reaches its floating IPs. */
  filterLocal: Type.Boolean(),
  /** The anchor that all of ours are below. */
  anchor: Type.String({ maxLength: 30 }),
  /** Where instances ask what they are; absent where no metadata service is run. */
  metadata: Type.Optional(Type.Object({ address: Type.String({ maxLength: 15 }), port: Type.Integer({ minimum: 0 }) })),
  /** Since the daemon started: what others changed of ours and was put back. */
  drift: Type.Object({
    count: Type.Integer({ minimum: 0 }),
    last: Type.Optional(Type.Object({ at: Timestamp, what: Sentence })),
  }),
  /** Since the daemon started: states killed because the rules deny them now. */
  statesKilled: Type.Integer({ minimum: 0 }),
  capabilities: Type.Record(Type.String(), Capability),
  /** Changes with every sample, which is no reason to tell. */
  figures: Type.Optional(NetworkFigures),
})
export type NetworkStatus = Static<typeof NetworkStatus>

/** The body of `POST /confirm`. */
export const ConfirmGeneration = Type.Object({ generation: Generation }, { additionalProperties: false })
export type ConfirmGeneration = Static<typeof ConfirmGeneration>
