import { type Static, Type } from 'typebox'

const MiB = 1024 * 1024
const maxDays = 36_500

/** How many bytes of blobs a repository may hold. */
export const QuotaRule = Type.Object(
  {
    /** A pattern: `ci/*`, `*`. */
    repositories: Type.String({ pattern: '^[a-z0-9._/*-]+$', maxLength: 255 }),
    bytes: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
)
export type QuotaRule = Static<typeof QuotaRule>

/**
 * What stays of some repositories. Of a tag, the first rule counts that matches it and has one of keepLast, keepDays and keepPulledDays: it stays when at
 * least one of these keeps it. A tag without a rule stays. What a channel, a host or an instance uses stays in any case.
 */
export const RetentionRule = Type.Object(
  {
    /** A pattern: `ci/*`, `components/*`. */
    repositories: Type.String({ pattern: '^[a-z0-9._/*-]+$', maxLength: 255 }),
    /** Patterns: `pr-*,nightly-*`. Without it, all tags. */
    tags: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._*-]+(,[A-Za-z0-9._*-]+)*$', maxLength: 4096 })),
    /**
     * The newest so many of the tags that the rule matches in a repository: releases by their version, pre-releases by theirs, and other tags by when they
     * were pushed, each kind counted by itself. Tags of the same manifest count once.
     */
    keepLast: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Those pushed within so many days. */
    keepDays: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: maxDays })),
    /** Those pushed, or their manifest pulled, within so many days. */
    keepPulledDays: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: maxDays })),
    /**
     * So many days after it was pushed, was pulled or lost its tag, a manifest goes that has no tag and that nothing else names; the first rule counts that
     * matches the repository and has this. Without one, such manifests stay.
     */
    untaggedDays: Type.Optional(Type.Number({ minimum: 0, maximum: maxDays })),
  },
  { additionalProperties: false },
)
export type RetentionRule = Static<typeof RetentionRule>

/** The server's configuration: the file of `--config`, over it the environment (`SLIPWAY_LISTEN`), over it the flags (`--listen`). */
export const ServerConfig = Type.Object(
  {
    /** Address and port. Port 0 takes a free one. */
    listen: Type.String({ pattern: '^(\\[[0-9a-fA-F:]+\\]|[A-Za-z0-9.-]+):[0-9]{1,5}$', default: '127.0.0.1:8400' }),
    /** PEM files that make it speak TLS, both or none: the certificate with those of its authorities behind it, and its private key. */
    tlsCert: Type.Optional(Type.String({ minLength: 1 })),
    tlsKey: Type.Optional(Type.String({ minLength: 1 })),
    /** A proxy in front terminates TLS: without it the server listens beyond loopback with TLS of its own only. */
    behindProxy: Type.Boolean({ default: false }),
    /** The proxy's addresses or networks: from these only, X-Forwarded-For says who the client is. `loopback` is 127/8 and ::1. */
    trustedProxies: Type.String({ pattern: '^[A-Za-z0-9.:/]+(,[A-Za-z0-9.:/]+)*$', default: 'loopback' }),
    /** The folder that holds everything the server keeps. */
    data: Type.String({ minLength: 1, default: './.slipway' }),
    /** `sqlite`: a file in the data folder. `postgres`: a database of a PostgreSQL server, which several servers may share. */
    database: Type.Enum(['sqlite', 'postgres'], { default: 'sqlite' }),
    /**
     * `postgres://user@host:5432/database?sslmode=verify-full&sslrootcert=/path/ca.pem`, or with the folder of a socket:
     * `postgres://user@/database?host=/var/run/postgresql`. Without a password: that has a file.
     */
    databaseUrl: Type.Optional(Type.String({ pattern: '^postgres(ql)?://\\S+$' })),
    /** The file with the password, and nothing else. Without it, it is looked for in ~/.pgpass (PGPASSFILE). */
    databasePasswordFile: Type.Optional(Type.String({ minLength: 1 })),
    /** `fs`: blobs in the data folder. `s3`: blobs in a bucket of an S3 server, such as MinIO. */
    storage: Type.Enum(['fs', 's3'], { default: 'fs' }),
    /** The S3 server; the bucket must be there. Amazon's names have no path and no port: `https://s3.eu-west-1.amazonaws.com`. */
    s3Endpoint: Type.Optional(Type.String({ pattern: '^https?://[^\\s/@]+$' })),
    s3Bucket: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$' })),
    s3Region: Type.String({ pattern: '^[a-z0-9-]{1,64}$', default: 'us-east-1' }),
    s3AccessKey: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    /** Whether clients are sent to the S3 server for the bytes of blobs, by signed addresses. They must reach `s3Endpoint`, and follow a redirect. */
    s3Redirect: Type.Boolean({ default: false }),
    /** The file with the secret key, and nothing else. */
    s3SecretKeyFile: Type.Optional(Type.String({ minLength: 1 })),
    /** The address that hosts and people use, when it is not that of `listen` (a proxy, a DNS name). */
    publicUrl: Type.Optional(Type.String({ pattern: '^https?://[^\\s/@]+$' })),
    /** Where the other servers of the same database reach this one: `http://10.0.0.7:8400`. By default the address of `listen`, unless that is every address. */
    replicaUrl: Type.Optional(Type.String({ pattern: '^https?://[^\\s/@]+$' })),
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }),
    /** The largest manifest. OCI Distribution 1.1 asks registries to take at least 4 MiB. */
    maxManifestBytes: Type.Integer({ minimum: 4 * MiB, maximum: 64 * MiB, default: 4 * MiB }),
    /** The largest blob. */
    maxBlobBytes: Type.Integer({ minimum: 1, default: 64 * 1024 * MiB }),
    /** Upload sessions that a repository may have open at once. */
    maxOpenUploads: Type.Integer({ minimum: 1, default: 1000 }),
    /** Tags that never move, beside versions, which never do: patterns such as `v*,release-*`. */
    immutableTags: Type.String({ pattern: '^[A-Za-z0-9._*-]*(,[A-Za-z0-9._*-]+)*$', default: '' }),
    /** Repositories that everybody may read without a token: patterns such as `public/*,tools`. */
    anonymousPull: Type.String({ pattern: '^([a-z0-9._/*-]+(,[a-z0-9._/*-]+)*)?$', maxLength: 4096, default: '' }),
    /** An upload session without a byte for this long is removed. */
    uploadExpirySeconds: Type.Integer({ minimum: 60, default: 86_400 }),
    /** How long a blob stays that no manifest names: a push may be under way, or a client that was told that the blob is there. */
    collectAfterSeconds: Type.Integer({ minimum: 7200, default: 86_400 }),
    /** When blobs that nothing needs are removed: a line of cron (minute, hour, day, month, day of the week). Empty: on demand only. */
    collectSchedule: Type.String({ maxLength: 100, default: '47 2 * * *' }),
    /** Every blob is read again, and compared with its digest, when it was not for so many days; 0: never. */
    scrubDays: Type.Integer({ minimum: 0, maximum: 3650, default: 30 }),
    /** How fast it is read. */
    scrubBytesPerSecond: Type.Integer({ minimum: 1024, default: 8 * MiB }),
    /** How many bytes of blobs each repository may hold: the first rule that matches its name. In the file only. */
    quotas: Type.Array(QuotaRule, { maxItems: 1000, default: [] }),
    /** Which tags and manifests stay. In the file only. */
    retention: Type.Array(RetentionRule, { maxItems: 1000, default: [] }),
    /** A host without a report for this long is `silent`. */
    hostSilentSeconds: Type.Integer({ minimum: 10, default: 120 }),
    /** How long the samples of hosts are kept for the charts of the page and `slipway top`; 0: none are kept. */
    historyMinutes: Type.Integer({ minimum: 0, maximum: 1440, default: 120 }),
    /** How much memory may be promised to instances for each byte that a host has. Above 1, not all of them may be able to start. */
    memoryOvercommit: Type.Number({ minimum: 1, maximum: 10, default: 1 }),
  },
  { additionalProperties: false },
)
export type ServerConfig = Static<typeof ServerConfig>
