import { type Static, Type } from 'typebox'
import { ComponentName, Version } from './names.ts'
import { Platform } from './platform.ts'

/** A path below the release's own folder: relative, forward slashes, no `.` or `..` part. */
export const RelativePath = Type.String({
  pattern: '^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9._@-]+(/[A-Za-z0-9._@-]+)*$',
  maxLength: 200,
})

/** Where a component may place links: the folders that FreeBSD's ports use for what we ship, and nothing else. */
export const linkFolders = [
  '/usr/local/etc/rc.d',
  '/usr/local/etc/newsyslog.conf.d',
  '/usr/local/etc/syslog.d',
  '/usr/local/etc/xen/scripts',
  '/usr/local/libexec/slipway',
] as const

const LinkPath = Type.String({ pattern: `^(${linkFolders.join('|')})/[A-Za-z0-9_][A-Za-z0-9._-]*$`, maxLength: 200 })

const ServiceName = Type.String({ pattern: '^[a-z_][a-z0-9_]*$', maxLength: 32 })

const checkCommon = {
  name: Type.String({ pattern: '^[a-z][a-z0-9-]*$', maxLength: 32 }),
  timeoutSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 60 })),
}

/** One question to a running component. `timeoutSeconds` (5) is for one try. */
export const HealthCheck = Type.Union([
  /** GET on a socket below /var/run/slipway; a 200 is healthy. */
  Type.Object(
    {
      ...checkCommon,
      kind: Type.Literal('http'),
      socket: Type.String({ pattern: '^[a-z][a-z0-9-]*\\.sock$' }),
      path: Type.String({ pattern: '^/[A-Za-z0-9/_-]*$', maxLength: 100 }),
    },
    { additionalProperties: false },
  ),
  /** `service NAME status`; exit 0 is healthy. */
  Type.Object({ ...checkCommon, kind: Type.Literal('service'), service: ServiceName }, { additionalProperties: false }),
  /** A program of the release, with arguments; exit 0 is healthy, 21 asks to be tried again, all else is sick. */
  Type.Object(
    {
      ...checkCommon,
      kind: Type.Literal('command'),
      program: RelativePath,
      arguments: Type.Optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 32 })),
    },
    { additionalProperties: false },
  ),
])
export type HealthCheck = Static<typeof HealthCheck>

/** The file `component.json` at the top of the folder that `slipway publish` packs. It has no version: publishing gives it one. */
export const ComponentFile = Type.Object(
  {
    name: ComponentName,
    platform: Platform,
    /** Other components of the same release set, with the versions that this one works with (a semver range). */
    requires: Type.Record(ComponentName, Type.String({ minLength: 1, maxLength: 100 }), {
      maxProperties: 16,
      additionalProperties: false,
    }),
    /** rc.d services, in the order in which they are started; they are stopped in the reverse order. */
    services: Type.Array(ServiceName, { maxItems: 8 }),
    /** Symbolic links outside: from `path` to `target` inside of this release. */
    links: Type.Array(Type.Object({ path: LinkPath, target: RelativePath }, { additionalProperties: false }), {
      maxItems: 64,
    }),
    health: Type.Array(HealthCheck, { maxItems: 16 }),
    /** Files of the release that are copied to /usr/local/etc/slipway when they are not there, and never overwritten. */
    configuration: Type.Array(RelativePath, { maxItems: 16 }),
  },
  { additionalProperties: false },
)
export type ComponentFile = Static<typeof ComponentFile>

/**
 * The config of a component's manifest: what was in `component.json`, and what publishing adds. It is the truth about a
 * release; the agent keeps it beside the unpacked files as `release.json`.
 */
export const ComponentConfig = Type.Object({
  ...ComponentFile.properties,
  version: Version,
  /** Sum of the sizes of all files in the bundle. */
  unpackedBytes: Type.Integer({ minimum: 0 }),
  /** Number of files and folders in the bundle. */
  entries: Type.Integer({ minimum: 1 }),
})
export type ComponentConfig = Static<typeof ComponentConfig>
