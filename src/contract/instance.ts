import { type Static, Type } from 'typebox'
import { Digest } from './digest.ts'
import { ImageName } from './image.ts'
import { Id, Version } from './names.ts'

/** A word of a stack: the name of a stack, an instance, a network, a volume. A DNS label in lower case, never all digits. */
export const CloudName = Type.String({ pattern: '^[a-z]([a-z0-9-]*[a-z0-9])?$', maxLength: 40 })

const qualified = {
  pattern: '^[a-z]([a-z0-9-]*[a-z0-9])?\\.[a-z]([a-z0-9-]*[a-z0-9])?$',
  maxLength: 84,
}

/**
 * What an instance is called in the whole cloud, and what its domain is called on the host: `<stack>.<instance>`, with `-0`, `-1`, …
 * behind it where a stack asks for several.
 */
export const InstanceName = Type.String(qualified)

/** What a volume is called in the whole cloud: `<stack>.<volume>`. */
export const VolumeName = Type.String(qualified)

/**
 * The id of an instance, for life: a random UUID (RFC 9562, version 4). One that begins with `ec2`, in either byte order, is never
 * given: cloud-init would take the guest for one of Amazon's.
 */
export const InstanceId = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
})

/**
 * What somebody says of an instance, for those who look for it. Two mean something to Slipway: at `metrics.port` an exporter inside of the
 * instance listens for Prometheus, and at `metrics.path` is its page (/metrics).
 */
export const InstanceLabels = Type.Record(
  Type.String({ pattern: '^[a-z][a-z0-9_.-]{0,62}$' }),
  Type.String({ pattern: '^[A-Za-z0-9_./:-]{0,127}$' }),
  { maxProperties: 32, additionalProperties: false },
)
export type InstanceLabels = Static<typeof InstanceLabels>

/** A snapshot's name, chosen by whoever takes it; unique for its instance. */
export const SnapshotName = Type.String({ pattern: '^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$', maxLength: 40 })

export const hypervisors = ['xen'] as const
export const Hypervisor = Type.Enum([...hypervisors])
export type Hypervisor = (typeof hypervisors)[number]

export const guestTypes = ['hvm', 'pvh', 'pv'] as const
export const GuestType = Type.Enum([...guestTypes])
export type GuestType = (typeof guestTypes)[number]

/**
 * Who serves a disk to its guest. `phy`: the kernel, from a device or a raw file. `qdisk`: a qemu process, which a Linux guest may wait
 * for at every boot. `auto`: `phy` wherever the disk allows it, and it always does for those that Slipway makes.
 */
export const diskBackends = ['auto', 'phy', 'qdisk'] as const
export const DiskBackend = Type.Enum([...diskBackends])
export type DiskBackend = (typeof diskBackends)[number]

/** What happens when a guest ends by itself. `on-failure`: only when it crashed. A guest's own reboot is followed by every policy. */
export const restartPolicies = ['always', 'on-failure', 'never'] as const
export const RestartPolicy = Type.Enum([...restartPolicies])
export type RestartPolicy = (typeof restartPolicies)[number]

/** The largest disk that can be asked for, 64 TiB, and the largest memory, 16 TiB: what is beyond is a slip of the finger. */
export const maxDiskBytes = 64 * 2 ** 40
export const maxMemoryMiB = 16 * 2 ** 20

const DiskBytes = Type.Integer({ minimum: 1024 * 1024, maximum: maxDiskBytes, multipleOf: 1024 * 1024 })
const MemoryMiB = Type.Integer({ minimum: 16, maximum: maxMemoryMiB })

/** `xvde` is the seed's. */
export const DiskDevice = Type.String({ pattern: '^xvd[a-df-p]$' })

/** An interface's name, at most 15 characters (IFNAMSIZ of FreeBSD less its end). */
export const InterfaceName = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,14}$' })

export const Mac = Type.String({ pattern: '^00:16:3e(:[0-9a-f]{2}){3}$' })

/** One image release, pinned: which bytes become the disk. */
export const ImageRef = Type.Object({
  name: ImageName,
  version: Version,
  /** Of the image's manifest. */
  digest: Digest,
  /** Its one layer, a raw disk in zstd: what the host finds in its cache. */
  layer: Type.Object({ digest: Digest, sizeBytes: Type.Integer({ minimum: 0 }) }),
  virtualSizeBytes: Type.Integer({ minimum: 1 }),
})
export type ImageRef = Static<typeof ImageRef>

/** What an instance's first disk begins as: a copy-on-write clone of an image or of a snapshot of another instance, or nothing. */
export const RootSource = Type.Union([
  Type.Object({ image: ImageRef }),
  Type.Object({ snapshotOf: Type.Object({ instance: InstanceId, snapshot: SnapshotName }) }),
  Type.Object({ empty: Type.Literal(true) }),
])
export type RootSource = Static<typeof RootSource>

/** An attachment to a network. */
export const InstancePort = Type.Object({
  id: Id,
  /** The network's name, for people. */
  network: Type.String({ maxLength: 84 }),
  /** The bridge on the host that the port is put on. */
  bridge: InterfaceName,
  mac: Mac,
  /** With the length of their prefix: "192.0.2.10/24". Empty where the network has no range: the guest then asks whoever serves it. */
  addresses: Type.Array(Type.String({ maxLength: 49 }), { maxItems: 16 }),
  gateways: Type.Optional(Type.Array(Type.String({ maxLength: 45 }), { maxItems: 2 })),
  dns: Type.Optional(Type.Array(Type.String({ maxLength: 45 }), { maxItems: 8 })),
  mtu: Type.Optional(Type.Integer({ minimum: 576, maximum: 9216 })),
  /** Security groups decide for this port: the guest is not started before network says that the port's rules are loaded. */
  filtered: Type.Optional(Type.Boolean()),
})
export type InstancePort = Static<typeof InstancePort>

const every = {
  /** How often it is asked, and how long an answer may take. */
  intervalSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3600, default: 10 })),
  timeoutSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 60, default: 5 })),
}

/** How a host sees that a guest does its work; asked from the host, to the first address of the first port. */
export const InstanceCheck = Type.Union([
  Type.Object({ kind: Type.Literal('tcp'), port: Type.Integer({ minimum: 1, maximum: 65_535 }), ...every }),
  /** Healthy when the answer's status is below 400. */
  Type.Object({
    kind: Type.Literal('http'),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    path: Type.String({ pattern: '^/[!-~]*$', maxLength: 500 }),
    ...every,
  }),
  /** Healthy once a line with this text was seen on the console since the guest started. */
  Type.Object({ kind: Type.Literal('console'), text: Type.String({ minLength: 1, maxLength: 200 }) }),
])
export type InstanceCheck = Static<typeof InstanceCheck>

/** What a guest starts from: its disk, or a kernel that the host's administrator allowed by name (compute.yaml, `kernels`). */
export const Boot = Type.Union([
  Type.Object({ from: Type.Literal('disk'), firmware: Type.Enum(['bios', 'uefi']) }),
  Type.Object({ from: Type.Literal('kernel'), kernel: CloudName }),
])
export type Boot = Static<typeof Boot>

/** What cloud-init or nuageinit finds on its seed disk. */
export const Seed = Type.Object({
  hostname: Type.String({ pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$', maxLength: 63 }),
  sshKeys: Type.Array(Type.String({ pattern: '^[!-~]+( [ -~]+)*$', maxLength: 16_384 }), { maxItems: 64 }),
  userData: Type.Optional(Type.String({ maxLength: 256 * 1024 })),
})
export type Seed = Static<typeof Seed>

/**
 * Whether an instance should run. `absent`: it is to be removed with its disks, and only that removes it; one that merely is not named
 * any more is left alone and reported.
 */
export const wantedStates = ['running', 'stopped', 'absent'] as const
export const WantedState = Type.Enum([...wantedStates])
export type WantedState = (typeof wantedStates)[number]

/** One instance as its host has to run it: everything is decided, nothing is looked up. */
export const DesiredInstance = Type.Object({
  id: InstanceId,
  name: InstanceName,
  /** Grows with every change of what follows; the host reports which one it runs. */
  revision: Type.Integer({ minimum: 1 }),
  wanted: WantedState,
  driver: Hypervisor,
  type: GuestType,
  vcpus: Type.Integer({ minimum: 1, maximum: 128 }),
  memoryMiB: MemoryMiB,
  boot: Boot,
  root: Type.Object({ source: RootSource, sizeBytes: DiskBytes }),
  diskBackend: DiskBackend,
  /** Volumes, by the device that the guest sees them as; the first disk is `xvda`. */
  volumes: Type.Array(Type.Object({ volume: Id, device: DiskDevice, readOnly: Type.Boolean() }), { maxItems: 14 }),
  ports: Type.Array(InstancePort, { maxItems: 8 }),
  seed: Type.Optional(Seed),
  restart: RestartPolicy,
  /** How long an orderly shutdown may take; then the guest is cut off. */
  shutdownSeconds: Type.Integer({ minimum: 1, maximum: 3600 }),
  check: Type.Optional(InstanceCheck),
  /** A screen over VNC, on the host's loopback only; absent: none. VNC looks at eight characters of the password. */
  vnc: Type.Optional(Type.Object({ password: Type.String({ pattern: '^[A-Za-z0-9]{8}$' }) })),
})
export type DesiredInstance = Static<typeof DesiredInstance>

/** A disk with a life of its own. It is removed by `absent` only, and never while an instance has it. */
export const DesiredVolume = Type.Object({
  id: Id,
  name: VolumeName,
  sizeBytes: DiskBytes,
  wanted: Type.Enum(['present', 'absent']),
})
export type DesiredVolume = Static<typeof DesiredVolume>
