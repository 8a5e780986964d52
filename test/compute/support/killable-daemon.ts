import { decide } from '../../../src/compute/decide.ts'
import { type HostParts, takeStep } from '../../../src/compute/instance-steps.ts'
import type { Journal } from '../../../src/compute/operations/journal.ts'
import { settling } from '../../../src/compute/operations/plan.ts'
import { runOperation, settle } from '../../../src/compute/operations/run.ts'
import { newRecord } from '../../../src/compute/record.ts'
import { openSightings } from '../../../src/compute/sightings.ts'
import type { DesiredInstance } from '../../../src/contract/instance.ts'
import type { Operation } from '../../../src/contract/operation.ts'
import { desiredInstance } from './desired-instance.ts'
import { fakeHost } from './fake-host.ts'

export const desired = desiredInstance({ volumes: [{ volume: 'd'.repeat(16), device: 'xvdf', readOnly: false }] })
export const { id } = desired
export const root = { kind: 'instance', id } as const
export const volume = { kind: 'volume', id: 'd'.repeat(16) } as const
export const notAfter = '2026-11-22T12:10:00.000Z'
export const operation = <K extends Operation['kind']>(kind: K, args?: object): Operation =>
  ({ id: 'a'.repeat(16), target: id, notAfter, kind, ...(args ? { arguments: args } : {}) }) as Operation
export const older = { at: '2026-11-01T00:00:00.000Z', memory: false, usedBytes: 0 }

/** A host with a running instance that has the snapshots "old" and "young", and a daemon on it that can be killed and started again. */
export async function host(wanted: DesiredInstance = desired) {
  const fake = await fakeHost()
  const { clock, journal } = fake
  fake.run(id)
  for (const disk of [root, volume])
    fake.putDisk(disk, [
      { ...older, name: 'old' },
      { ...older, name: 'young' },
    ])
  const domain = { domid: 1, since: notAfter }
  await (await fake.parts()).records.put({ ...newRecord(desired), started: desired, domain })
  fake.acts.length = 0

  /** One life of the daemon: it reads what it kept, takes what is desired, and does it, until its end or its death. */
  async function live(one: Operation): Promise<Journal> {
    const own = await journal()
    const death = fake.death()
    const parts = await fake.parts()
    await own.take([one])
    for (const entry of own.open())
      if (entry.step !== settling) await Promise.race([runOperation(parts, own, entry, wanted), death])
    return own
  }

  /** The loop of the daemon, for this one instance: until there is nothing to be done, or its death. */
  async function reconcile(own: Journal): Promise<void> {
    const parts = await fake.parts()
    const seen = openSightings()
    for (let looks = 0; looks < 1000 && !fake.isDead(); looks++) {
      const guest = fake.guest(id)
      const sighting = seen.see(id, guest, clock.now())
      if (guest?.state === 'running') await noteDomain(parts, guest.domid)
      const decision = decide(
        {
          desired: wanted,
          record: parts.records.get(id),
          guest,
          guestsKnown: true,
          root: fake.disk(root),
          disksKnown: true,
          refusal: undefined,
          missing: undefined,
          stateSince: sighting?.since ?? clock.now(),
          shutdownRefusedAt: undefined,
          refusedChanges: new Set(),
        },
        clock.now(),
      )
      for (const entry of own.open())
        if (entry.step === settling) await settle(own, entry, wanted, decision, clock.now())
      if (decision.action) await takeStep(parts, wanted, guest, decision.action).catch(() => {})
      else if (decision.again) await clock.sleep(1000)
      else return
    }
  }

  return { ...fake, live, reconcile }
}

async function noteDomain({ records, clock }: HostParts, domid: number): Promise<void> {
  const record = records.get(id)
  if (record && record.domain?.domid !== domid)
    await records.put({ ...record, domain: { domid, since: clock.now().toISOString() } })
}

export type Host = Awaited<ReturnType<typeof host>>
