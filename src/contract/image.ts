import { type Static, Type } from 'typebox'
import { Version } from './names.ts'
import { architectures } from './platform.ts'

const Bytes = Type.Integer({ minimum: 0 })

/** The name of an image: one part of a repository name, the one behind `images/`. */
export const ImageName = Type.String({ pattern: '^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*$', maxLength: 64 })

/** The formats that are read. Others are recognised, and refused by name. */
export const imageFormats = ['raw', 'qcow2'] as const
export const ImageFormat = Type.Enum([...imageFormats])
export type ImageFormat = (typeof imageFormats)[number]

export const guestSystems = ['freebsd', 'linux', 'windows', 'unknown'] as const
/** Which firmware can start the guest; `unknown` when nothing on the disk starts. */
export const firmwares = ['bios', 'uefi', 'both', 'unknown'] as const
export const partitionSchemes = ['gpt', 'mbr', 'none'] as const

/** What kind of content a partition or a whole disk has, by its superblock. */
export const FileSystem = Type.Object({
  /** "ext4", "ufs2", "zfs", "swap", "luks2": the words of blkid where it has one. */
  type: Type.String(),
  label: Type.Optional(Type.String()),
  /** As the system of the file system writes it: a UUID, "1A2B-3C4D" (FAT), the guid of the pool (ZFS). */
  uuid: Type.Optional(Type.String()),
})
export type FileSystem = Static<typeof FileSystem>

export const Partition = Type.Object({
  /** Its place in the table, from 1; those inside of an extended partition count from 5. */
  number: Type.Integer({ minimum: 1 }),
  startBytes: Bytes,
  sizeBytes: Bytes,
  /** A GUID in capitals (GPT), or "0x83" (MBR). */
  type: Type.String(),
  /** What the type is called; "unknown" when nobody here knows it. */
  typeName: Type.String(),
  /** MBR: the boot flag. GPT: the attribute "legacy BIOS bootable". */
  bootable: Type.Boolean(),
  /** The name and the id that a GPT gives each partition. */
  name: Type.Optional(Type.String()),
  uuid: Type.Optional(Type.String()),
  fileSystem: Type.Optional(FileSystem),
})
export type Partition = Static<typeof Partition>

export const PartitionTable = Type.Object({
  scheme: Type.Enum(['gpt', 'mbr']),
  /** The GUID of a GPT; the signature of an MBR, "0x1a2b3c4d". */
  id: Type.String(),
  sectorBytes: Type.Integer({ minimum: 512 }),
  partitions: Type.Array(Partition),
  /** What is damaged but could be read all the same, one sentence each. */
  warnings: Type.Array(Type.String()),
})
export type PartitionTable = Static<typeof PartitionTable>

/** What runs on the disk, as far as the disk tells, and what was found that says so. */
export const Guest = Type.Object({
  os: Type.Enum([...guestSystems]),
  osReason: Type.String(),
  firmware: Type.Enum([...firmwares]),
  firmwareReason: Type.String(),
})
export type Guest = Static<typeof Guest>

/** What `slipway image inspect --json` prints. */
export const ImageInspection = Type.Object({
  format: ImageFormat,
  /** The size of the disk that a guest sees. */
  virtualSizeBytes: Bytes,
  /** The length of the file, and what it takes up on its disk (less, when it has holes). */
  fileBytes: Bytes,
  allocatedBytes: Bytes,
  partitionTable: Type.Union([PartitionTable, Type.Null()]),
  /** Of a disk without partitions. */
  fileSystem: Type.Union([FileSystem, Type.Null()]),
  guest: Guest,
})
export type ImageInspection = Static<typeof ImageInspection>

/** The config of an image's manifest: what a host must know before it gives the disk to an instance. */
export const ImageConfig = Type.Object({
  name: ImageName,
  version: Version,
  os: Guest.properties.os,
  architecture: Type.Enum([...architectures]),
  firmware: Guest.properties.firmware,
  virtualSizeBytes: Bytes,
  /** The smallest disk that the image fits on, in whole MiB. */
  minimumDiskBytes: Bytes,
  /** What the file was that was pushed; the layer is always raw. */
  originFormat: ImageFormat,
  partitionScheme: Type.Enum([...partitionSchemes]),
})
export type ImageConfig = Static<typeof ImageConfig>
