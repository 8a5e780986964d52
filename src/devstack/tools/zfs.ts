import { versionOf } from '../machine.ts'
import { clone } from '../zfs/commands/clone.ts'
import { usage, type ZfsCommand } from '../zfs/commands/common.ts'
import { create } from '../zfs/commands/create.ts'
import { destroy } from '../zfs/commands/destroy.ts'
import { get } from '../zfs/commands/get.ts'
import { hold, holds, release } from '../zfs/commands/hold.ts'
import { list } from '../zfs/commands/list.ts'
import { promote } from '../zfs/commands/promote.ts'
import { rename } from '../zfs/commands/rename.ts'
import { rollback } from '../zfs/commands/rollback.ts'
import { receive, send } from '../zfs/commands/send.ts'
import { inherit, set } from '../zfs/commands/set.ts'
import { snapshot } from '../zfs/commands/snapshot.ts'
import { saidOf } from './refused.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

const commands: Readonly<Record<string, ZfsCommand>> = {
  clone,
  create,
  destroy,
  get,
  hold,
  holds,
  inherit,
  list,
  promote,
  recv: receive,
  receive,
  release,
  rename,
  rollback,
  send,
  set,
  snap: snapshot,
  snapshot,
}

/** zfs(8). Exit 1 is an error, 2 a usage error. */
export const zfs: SimulatedTool = async (call, { facts, zfs: store }) => {
  const [name, ...rest] = call.arguments
  if (facts.zfs === null) return refuses(1, 'Failed to initialize the libzfs library.')
  if (name === 'version') return version(facts.zfs, versionOf(facts.release).major, rest)
  if (name === undefined) return refuses(2, 'missing command', usage)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) return refuses(2, `unrecognized command '${name}'`, usage)
  return store.use((zfs) => saidOf(() => command(rest, zfs, call.stdin)))
}

function version(zfsVersion: string, major: number, flags: readonly string[]) {
  // JSON came with OpenZFS 2.3; FreeBSD 14 has 2.2.
  if (flags.includes('-j') && major >= 15)
    return prints(
      JSON.stringify({
        output_version: { command: 'zfs version', vers_major: 0, vers_minor: 1 },
        zfs_version: { userland: `zfs-${zfsVersion}`, kernel: `zfs-kmod-${zfsVersion}` },
      }),
    )
  if (flags.length > 0) return refuses(2, `invalid option '${flags[0]?.slice(1, 2)}'`, usage)
  return prints(`zfs-${zfsVersion}`, `zfs-kmod-${zfsVersion}`)
}
