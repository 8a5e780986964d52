import { type Static, Type } from 'typebox'

/** The files /usr/local/etc/slipway/compute.yaml and network.yaml; a file that is not there means the defaults. */
export const DaemonConfig = Type.Object(
  { logLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }) },
  { additionalProperties: false },
)
export type DaemonConfig = Static<typeof DaemonConfig>
