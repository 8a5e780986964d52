import { Type } from 'typebox'

/** OCI Distribution 1.1, "Pulling manifests": the form of a repository name. At most 255 characters. */
export const RepositoryName = Type.String({
  pattern: '^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*$',
  maxLength: 255,
})

/** OCI Distribution 1.1, "Pulling manifests": the form of a tag. */
export const TagName = Type.String({ pattern: '^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$' })

/** A component's name; it is a folder on hosts and the last part of a repository name. */
export const ComponentName = Type.String({ pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$', maxLength: 32 })

/** Semantic Versioning 2.0.0, without build metadata (a tag cannot hold the plus sign). */
export const Version = Type.String({
  pattern:
    '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(-(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(\\.(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?$',
  maxLength: 64,
})

export const ChannelName = Type.String({ pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$', maxLength: 32 })

/** A host's name: a DNS name in lower case. */
export const HostName = Type.String({
  pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$',
  maxLength: 253,
})

/** An identifier that the server made: 16 hexadecimal digits. */
export const Id = Type.String({ pattern: '^[0-9a-f]{16}$' })

export const Labels = Type.Record(
  Type.String({ pattern: '^[a-z][a-z0-9_.-]{0,62}$' }),
  Type.String({ pattern: '^[A-Za-z0-9_.-]{0,63}$' }),
  // Without this a key of another form would be let through.
  { maxProperties: 32, additionalProperties: false },
)

/** A moment: ISO 8601 in UTC with milliseconds, as `Date.toISOString` writes it. */
export const Timestamp = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' })
