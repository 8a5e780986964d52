import { type Static, Type } from 'typebox'

/** An entry of Prometheus's HTTP service discovery (prometheus docs, http_sd): each target is scraped with these labels. */
export const TargetGroup = Type.Object({
  /** `host:port`. */
  targets: Type.Array(Type.String({ maxLength: 261 })),
  labels: Type.Record(Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }), Type.String()),
})
export type TargetGroup = Static<typeof TargetGroup>
