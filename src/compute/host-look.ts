import type { Exec } from '../platform/exec.ts'
import type { DiskName, DiskStore, StoredDisk } from './disk-store.ts'
import type { Driver, Guest, GuestList } from './driver.ts'

/** What is on the host at one moment. What could not be found out is undefined, and then nothing may be concluded from it. */
export interface HostLook {
  at: Date
  guests: GuestList | undefined
  disks: readonly StoredDisk[] | undefined
  /** The guest with this UUID. One that reboots may be there twice for a moment: the one that lives counts. */
  guest(id: string): Guest | undefined
  disk(name: DiskName): StoredDisk | undefined
  hasImage(digest: string): boolean
  /** Why something could not be found out. */
  problems: string[]
}

export async function lookAtHost(driver: Driver, store: DiskStore, at: Date): Promise<HostLook> {
  const problems: string[] = []
  const or = async <T>(what: string, asked: Promise<T>): Promise<T | undefined> => {
    try {
      return await asked
    } catch (error) {
      problems.push(`${what}: ${(error as Error).message}; nothing is stopped or removed until they can`)
      return undefined
    }
  }
  const [guests, disks] = await Promise.all([
    or('the guests cannot be listed', driver.list()),
    or('the disks cannot be listed', store.list()),
  ])
  if (guests && guests.unread > 0) problems.push(`${guests.unread} guests could not be read from the hypervisor's list`)
  const guestById = new Map<string, Guest>()
  for (const guest of guests?.guests ?? [])
    if (guest.id !== undefined && (guest.state !== 'dying' || !guestById.has(guest.id))) guestById.set(guest.id, guest)
  const diskByName = new Map(disks?.map((disk) => [keyOf(disk.name), disk]))
  return {
    at,
    guests,
    disks,
    problems,
    guest: (id) => guestById.get(id),
    disk: (name) => diskByName.get(keyOf(name)),
    hasImage: (digest) => diskByName.has(keyOf({ kind: 'image', digest })),
  }
}

function keyOf(name: StoredDisk['name']): string {
  return `${name.kind}:${name.kind === 'image' ? name.digest : name.id}`
}

/** Which of some bridges are not there. `ifconfig` is asked for each: its exit code is the answer. */
export async function missingBridges(exec: Exec, bridges: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const asked = [...bridges].map(async (bridge) => {
    const result = await exec(['ifconfig', bridge], { timeoutMs: 10_000 }).catch(() => undefined)
    return result?.exitCode === 0 ? [] : [bridge]
  })
  return new Set((await Promise.all(asked)).flat())
}
