import { type Static, Type } from 'typebox'
import { Digest } from './digest.ts'
import { Id } from './names.ts'

const MiB = 1024 * 1024
const Path = Type.String({ pattern: '^/', maxLength: 1024 })
const Listen = Type.String({ pattern: '^(\\[[0-9a-fA-F:]+\\]|[A-Za-z0-9.-]+):[0-9]{1,5}$' })

/** The file /usr/local/etc/slipway/agent.yaml. `install.sh` writes it. The credential is not in it but in agent.key beside it (0600). */
export const AgentConfig = Type.Object(
  {
    server: Type.String({ pattern: '^https?://[^\\s/@]+$' }),
    /** The fingerprint of the key that vouches for the server's certificate, when no authority that the host knows does. */
    serverFingerprint: Type.Optional(Digest),
    /** The host's id, given at enrolment. */
    host: Id,
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }),
    /** The page for Prometheus. */
    metrics: Type.Object(
      {
        listen: Type.Union([Listen, Type.Literal('off')], { default: '127.0.0.1:9760' }),
        /** With both files the page speaks TLS; they are read again when they change. */
        certificate: Type.Optional(Path),
        key: Type.Optional(Path),
        /** A file with the token that scrapers have to send (`Authorization: Bearer …`); absent: whoever reaches the page may read it. */
        tokenFile: Type.Optional(Path),
      },
      { additionalProperties: false, default: {} },
    ),
    /** A report is sent at least this often. */
    reportSeconds: Type.Number({ minimum: 0.1, maximum: 60, default: 30 }),
    /** How long the server may hold the request for the desired document. */
    pollWaitSeconds: Type.Integer({ minimum: 0, maximum: 60, default: 60 }),
    update: Type.Object(
      {
        /** A service that has not stopped or started within this time has failed. */
        serviceTimeoutSeconds: Type.Number({ minimum: 0.1, maximum: 600, default: 60 }),
        /** All checks of all components must succeed this many times in a row, */
        probeSuccesses: Type.Integer({ minimum: 1, maximum: 100, default: 3 }),
        /** with this pause between two rounds, */
        probeIntervalSeconds: Type.Number({ minimum: 0.01, maximum: 60, default: 2 }),
        /** and before this time is over. */
        probeDeadlineSeconds: Type.Number({ minimum: 0.1, maximum: 3600, default: 120 }),
        /** After a switch the server must have been reached again within this time, else the old set is restored. */
        confirmSeconds: Type.Number({ minimum: 0.1, maximum: 3600, default: 60 }),
        /** A download that fails is tried again, with growing pauses, for this long. */
        fetchRetrySeconds: Type.Number({ minimum: 0, maximum: 86_400, default: 600 }),
        /** A bundle may unpack to at most this many bytes and this many files and folders. */
        maxUnpackedBytes: Type.Integer({ minimum: 1, default: 1024 * MiB }),
        maxEntries: Type.Integer({ minimum: 1, default: 20_000 }),
      },
      { additionalProperties: false, default: {} },
    ),
    /** Absolute paths of tools that are elsewhere than on FreeBSD (`{"zfs": "/usr/sbin/zfs"}`). */
    tools: Type.Record(Type.String(), Type.String({ pattern: '^/' }), { default: {} }),
  },
  { additionalProperties: false },
)
export type AgentConfig = Static<typeof AgentConfig>
