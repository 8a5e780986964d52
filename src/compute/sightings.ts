import type { Guest, GuestDetails } from './driver.ts'

/** What is remembered of a running domain, and forgotten with it: nothing here outlives a change of the domain. */
export interface Sighting {
  domid: number
  state: Guest['state']
  /** Since when it is seen in this state. */
  since: Date
  details?: GuestDetails
  detailsAt?: Date
  /** Devices that wait for the host, and since when. */
  waitingSince?: Date
  shutdownRefusedAt?: Date
  /** Changes that the guest refused, of one revision of what is wanted. */
  refused: { revision: number; what: Set<string> }
}

export interface Sightings {
  /** Notes how a guest is seen, or that it is not. */
  see(id: string, guest: Guest | undefined, at: Date): Sighting | undefined
  get(id: string): Sighting | undefined
}

export function openSightings(): Sightings {
  const seen = new Map<string, Sighting>()
  return {
    get: (id) => seen.get(id),
    see(id, guest, at) {
      if (!guest) {
        seen.delete(id)
        return undefined
      }
      const { domid, state } = guest
      let sighting = seen.get(id)
      if (sighting?.domid !== domid) sighting = { domid, state, since: at, refused: { revision: 0, what: new Set() } }
      else if (sighting.state !== state) sighting = { ...sighting, state, since: at }
      seen.set(id, sighting)
      return sighting
    },
  }
}
