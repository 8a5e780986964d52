import { type Static, Type } from 'typebox'

export const operatingSystems = ['freebsd'] as const
export const architectures = ['amd64', 'arm64'] as const

/** What a release runs on. `*` is any; `os.version` is the FreeBSD major ("14"). The keys are those of an OCI platform. */
export const Platform = Type.Object(
  {
    os: Type.Enum(['*', ...operatingSystems]),
    architecture: Type.Enum(['*', ...architectures]),
    'os.version': Type.String({ pattern: '^(\\*|[1-9][0-9]*)$' }),
  },
  { additionalProperties: false },
)
export type Platform = Static<typeof Platform>

/** What a host is: a platform without wildcards. */
export const HostPlatform = Type.Object({
  os: Type.Enum([...operatingSystems]),
  architecture: Type.Enum([...architectures]),
  'os.version': Type.String({ pattern: '^[1-9][0-9]*$' }),
})
export type HostPlatform = Static<typeof HostPlatform>

/** Whether a release for `release` runs on `host`. */
export function runsOn(release: Platform, host: HostPlatform): boolean {
  return (['os', 'architecture', 'os.version'] as const).every(
    (key) => release[key] === '*' || release[key] === host[key],
  )
}

/** How narrowly a platform is named: 0 (any) to 3. Of several that fit, the narrowest is meant. */
export function narrowness(platform: Platform): number {
  return Object.values(platform).filter((value) => value !== '*').length
}

/** "freebsd/amd64/14" */
export function platformText(platform: Platform | HostPlatform): string {
  return `${platform.os}/${platform.architecture}/${platform['os.version']}`
}

/** A host's platform with its keys in one order and no others, so that equal platforms have equal JSON. */
export function exactPlatform({ os, architecture, 'os.version': osVersion }: HostPlatform): HostPlatform {
  return { os, architecture, 'os.version': osVersion }
}
