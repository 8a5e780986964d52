import { type Static, Type } from 'typebox'
import { architectures } from '../contract/platform.ts'
import type { Services } from './rc/services.ts'

/** The file machine.json of a simulated host: what it is. */
export const MachineFacts = Type.Object({
  hostname: Type.String(),
  /** What `freebsd-version` prints: "14.3-RELEASE-p5". */
  release: Type.String({ pattern: '^[0-9]+\\.[0-9]+-' }),
  architecture: Type.Enum([...architectures]),
  /** The version of OpenZFS, as `zfs version` names it; null: a machine without ZFS. */
  zfs: Type.Union([Type.String(), Type.Null()]),
  hostuuid: Type.String(),
})
export type MachineFacts = Static<typeof MachineFacts>

/** A running simulated host, as its tools see it. */
export interface Machine {
  /** The folder that stands for `/`, by its short path. */
  root: string
  facts: MachineFacts
  bootedAt: Date
  /** What `sysctl NAME=VALUE` set since the machine was started. */
  sysctls: Map<string, string>
  services: Services
}

/** "14.3" of "14.3-RELEASE-p5" */
export function versionOf(release: string): { major: number; minor: number } {
  const [major = '0', minor = '0'] = release.split('-')[0]?.split('.') ?? []
  return { major: Number(major), minor: Number(minor) }
}

/** The number that sysctl calls kern.osreldate: 1403000 for "14.3-RELEASE-p5". */
export function osreldate(release: string): number {
  const { major, minor } = versionOf(release)
  return major * 100_000 + minor * 1000
}
