import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { type Static, type TSchema, Type } from 'typebox'
import { check } from '../contract/check.ts'
import { ComputeFigures, InstanceFigures, NetworkFigures } from '../contract/figures.ts'
import type { HostReport } from '../contract/report.ts'

/** What the daemons of a host say that it has used so far: those of them that say it. */
export const HostSample = Type.Object({
  compute: Type.Optional(ComputeFigures),
  network: Type.Optional(NetworkFigures),
})
export type HostSample = Static<typeof HostSample>

/**
 * Takes the figures off a report. They move with every sample: what is kept and compared of a report must be without them. A form that is not
 * understood, of a newer daemon, costs nothing but itself.
 */
export function splitReport(report: HostReport): { report: HostReport; sample: HostSample | undefined } {
  const daemons: Record<string, Record<string, unknown>> = report.daemons
  const bare = Object.entries(daemons).map(([name, { figures: _, ...status }]) => [name, status])
  const compute = computeFigures(daemons.compute?.figures)
  const network = known(NetworkFigures, daemons.network?.figures)
  const sample = { ...(compute ? { compute } : {}), ...(network ? { network } : {}) }
  return {
    report: { ...report, daemons: Object.fromEntries(bare) },
    sample: compute || network ? sample : undefined,
  }
}

/** Without the instances that are not understood. */
function computeFigures(figures: unknown): ComputeFigures | undefined {
  const { instances } = (figures ?? {}) as { instances?: unknown }
  if (!Array.isArray(instances)) return undefined
  return known(ComputeFigures, {
    ...(figures as object),
    instances: instances.filter((one) => check(InstanceFigures, one)),
  })
}

function known<S extends TSchema>(schema: S, value: unknown): Static<S> | undefined {
  return check(schema, value) ? value : undefined
}

/** A row of the history is JSON in zstd, at its fastest level: 20 instances take 1.4 KiB, and the highest level would save a fiftieth of that. */
export function packSample(sample: HostSample): Uint8Array {
  return zstdCompressSync(JSON.stringify(sample), { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
}

const maxSampleBytes = 8 * 1024 * 1024

/** Undefined when it is not understood, as a row may be that a newer server wrote. */
export function unpackSample(bytes: Uint8Array): HostSample | undefined {
  try {
    const value: unknown = JSON.parse(zstdDecompressSync(bytes, { maxOutputLength: maxSampleBytes }).toString())
    return known(HostSample, value)
  } catch {
    return undefined
  }
}
