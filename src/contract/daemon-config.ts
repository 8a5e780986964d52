import { type Static, Type } from 'typebox'

/** The files /usr/local/etc/slipway/compute.yaml and network.yaml; a file that is not there means the defaults. */
export const DaemonConfig = Type.Object(
  {
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }),
    /** Figures for `/samples` are taken this often. */
    sampleSeconds: Type.Number({ minimum: 0.1, maximum: 600, default: 15 }),
  },
  { additionalProperties: false },
)
export type DaemonConfig = Static<typeof DaemonConfig>
