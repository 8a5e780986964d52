import type { AttachedDisk, Domain } from './domain.ts'

/** A disk that the kernel of the host serves to a guest. */
export interface ServedDisk {
  domain: Domain
  disk: AttachedDisk
}

/**
 * The numbers of the kernel's block backends: xbbd0, xbbd1, … A new device gets the lowest number that is free, and gives it back when it goes.
 * @returns those of now, by their numbers
 */
export function openBackendUnits(): (domains: readonly Domain[]) => ReadonlyMap<number, ServedDisk> {
  let units: ReadonlyMap<number, ServedDisk> = new Map()
  return (domains) => {
    const served = domains.flatMap((domain) =>
      domain.disks.filter(({ backend }) => backend === 'phy').map((disk): ServedDisk => ({ domain, disk })),
    )
    const now = new Map([...units].filter(([, { disk }]) => served.some((it) => it.disk === disk)))
    const known = new Set([...now.values()].map(({ disk }) => disk))
    for (const it of served) {
      if (known.has(it.disk)) continue
      let unit = 0
      while (now.has(unit)) unit++
      now.set(unit, it)
    }
    units = new Map([...now].sort(([one], [other]) => one - other))
    return units
  }
}
