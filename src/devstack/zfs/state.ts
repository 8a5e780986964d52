import { type Static, Type } from 'typebox'

const Text = Type.Record(Type.String(), Type.String())

export const Snapshot = Type.Object({
  /** What stands behind the @. */
  name: Type.String(),
  guid: Type.String(),
  createtxg: Type.Integer(),
  /** Seconds since 1970. */
  creation: Type.Integer(),
  /** What was set on the snapshot itself. */
  properties: Text,
  /** Tags of holds, and when they were put on. */
  holds: Type.Record(Type.String(), Type.Integer()),
  referencedBytes: Type.Integer(),
  /** Of a volume's: how large the volume was, and the file that keeps its bytes. */
  volsize: Type.Optional(Type.Integer()),
  file: Type.Optional(Type.String()),
})
export type Snapshot = Static<typeof Snapshot>

export const Dataset = Type.Object({
  /** With the pool: "zroot/var". */
  name: Type.String(),
  kind: Type.Enum(['filesystem', 'volume']),
  guid: Type.String(),
  createtxg: Type.Integer(),
  creation: Type.Integer(),
  objsetid: Type.Integer(),
  /** What was set here: everything else is inherited, or a default. */
  properties: Text,
  /** Of a clone: the guid of the snapshot that it was made of. */
  origin: Type.Optional(Type.String()),
  /** What is in a file system; a volume's comes from its file. */
  ownBytes: Type.Integer(),
  volume: Type.Optional(
    Type.Object({ volsize: Type.Integer(), volblocksize: Type.Integer(), sparse: Type.Boolean(), file: Type.String() }),
  ),
  /** The oldest first. */
  snapshots: Type.Array(Snapshot),
})
export type Dataset = Static<typeof Dataset>

export const Pool = Type.Object({
  name: Type.String(),
  guid: Type.String(),
  sizeBytes: Type.Integer(),
  /** What `zpool status` calls its one disk. */
  device: Type.String(),
  /** What is wrong with its disk; absent: nothing. */
  health: Type.Optional(Type.Enum(['DEGRADED', 'FAULTED'])),
})
export type Pool = Static<typeof Pool>

/** Everything that ZFS keeps of a machine, its volumes' bytes left out: the file `.simulator/zfs.json`. */
export const ZfsState = Type.Object({
  nextTxg: Type.Integer(),
  nextObject: Type.Integer(),
  pools: Type.Array(Pool),
  datasets: Type.Array(Dataset),
})
export type ZfsState = Static<typeof ZfsState>

/** What an empty file system takes. */
export const emptyFilesystemBytes = 96 * 1024

const MiB = 1024 * 1024

/** What a plain installation on ZFS has. */
export function installedState(poolBytes: number, creation: number): ZfsState {
  const names: readonly [name: string, ownBytes: number, mountpoint?: string][] = [
    ['zroot', emptyFilesystemBytes, '/zroot'],
    ['zroot/ROOT', emptyFilesystemBytes, 'none'],
    ['zroot/ROOT/default', 2048 * MiB, '/'],
    ['zroot/var', 1024 * MiB, '/var'],
  ]
  const datasets = names.map(
    ([name, ownBytes, mountpoint], at): Dataset => ({
      name,
      kind: 'filesystem',
      guid: String(7_000_000_000_000_001n + BigInt(at)),
      createtxg: at + 1,
      creation,
      objsetid: 54 + at,
      properties: mountpoint === undefined ? {} : { mountpoint },
      ownBytes,
      snapshots: [],
    }),
  )
  const pool: Pool = { name: 'zroot', guid: '7000000000000000', sizeBytes: poolBytes, device: 'ada0p4' }
  return { nextTxg: 20, nextObject: 128, pools: [pool], datasets }
}
