import type { InstanceStatus } from '../contract/compute-status.ts'
import type { DesiredInstance } from '../contract/instance.ts'
import type { Clock } from '../platform/clock.ts'
import { type Checks, checkedAddress } from './checks.ts'
import type { Consoles } from './consoles.ts'
import type { Guest } from './driver.ts'
import { healthOf } from './health.ts'
import type { Reconciler } from './reconcile.ts'
import type { Records } from './record.ts'

/** What is done for guests that live, beside the reconcile loop: their consoles are read, their checks asked, their health is told. */
export interface GuestWatch {
  /** Follows the guests of the last look. */
  follow(): Promise<void>
  health(id: string): Pick<InstanceStatus, 'health' | 'healthMessage'>
}

export function openGuestWatch({
  reconciler,
  records,
  consoles,
  checks,
  clock,
}: {
  reconciler: Reconciler
  records: Records
  consoles: Consoles
  checks: Checks
  clock: Clock
}): GuestWatch {
  const living = (id: string): { id: string; guest: Guest; wanted: DesiredInstance } | undefined => {
    const guest = reconciler.look()?.guest(id)
    const wanted = reconciler.desired().instances.get(id) ?? records.get(id)?.started
    return wanted && (guest?.state === 'running' || guest?.state === 'paused') ? { id, guest, wanted } : undefined
  }

  /** The first moment at which a guest was seen to do its work is kept: a daemon that starts later could not find it again. */
  async function noteHealth(id: string, domid: number): Promise<void> {
    const record = records.get(id)
    const healthy = consoles.saw(id, domid) || checks.result(id, domid)?.healthy
    if (!healthy || record?.domain?.domid !== domid || record.domain.healthyAt) return
    const now = clock.now()
    const firstBootSeconds =
      record.firstBootSeconds ??
      (record.firstStartAt ? (now.getTime() - Date.parse(record.firstStartAt)) / 1000 : undefined)
    await records.put({
      ...record,
      domain: { ...record.domain, healthyAt: now.toISOString() },
      ...(firstBootSeconds === undefined ? {} : { firstBootSeconds }),
    })
  }

  return {
    async follow() {
      const all = [...reconciler.standings().keys()].flatMap((id) => living(id) ?? [])
      consoles.follow(
        all.map(({ id, guest: { domid }, wanted: { name, check } }) => ({
          id,
          name,
          domid,
          path: reconciler.sightings.get(id)?.details?.consolePath,
          awaited: check?.kind === 'console' ? check.text : undefined,
        })),
      )
      checks.follow(
        all.flatMap(({ id, guest: { domid }, wanted }) =>
          wanted.check && wanted.check.kind !== 'console'
            ? [{ id, domid, check: wanted.check, address: checkedAddress(wanted) }]
            : [],
        ),
      )
      for (const { id, guest } of all) await noteHealth(id, guest.domid)
    },

    health(id) {
      const found = living(id)
      const domain = records.get(id)?.domain
      if (found?.guest.state !== 'running' || domain?.domid !== found.guest.domid) return { health: 'unknown' }
      const sighting = reconciler.sightings.get(id)
      return healthOf(
        {
          check: found.wanted.check,
          result: checks.result(id, domain.domid),
          runsSince: new Date(domain.since),
          healthyAt: domain.healthyAt ? new Date(domain.healthyAt) : undefined,
          details: sighting?.details,
          waitingSince: sighting?.waitingSince,
        },
        clock.now(),
      )
    },
  }
}
