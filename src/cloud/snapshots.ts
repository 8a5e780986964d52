import { AppError } from '../contract/errors.ts'
import type { HostDetail } from '../contract/host.ts'
import type { Stack } from '../contract/stack.ts'
import type { PlanInput } from './draft.ts'
import { computeReport } from './host-room.ts'
import type { InstanceRow } from './rows.ts'

/** Finds the snapshots that instances of a stack begin as. What it answers throws AppError not-found, with the snapshots that there are. */
export function openSnapshots(
  { name: stack }: Stack,
  instances: readonly InstanceRow[],
  hosts: readonly HostDetail[],
): Pick<PlanInput, 'snapshotOf' | 'snapshotHost'> {
  const find = (asked: string): InstanceRow => {
    const name = asked.includes('.') ? asked : `${stack}.${asked}`
    const row = instances.findLast((one) => one.name === name && one.document.wanted !== 'absent')
    if (row) return row
    throw new AppError('not-found', `there is no instance ${name} whose snapshot a disk could begin as`)
  }
  return {
    snapshotOf({ instance, snapshot }) {
      const row = find(instance)
      const host = hosts.find(({ id }) => id === row.host)
      const has =
        computeReport(host?.report ?? null)
          ?.instances.get(row.id)
          ?.snapshots.map((one) => one.name) ?? []
      // What was cloned once stays so when the snapshot is gone: only its name is compared then.
      const isUsed = instances.some(
        ({ document: { root } }) =>
          'snapshotOf' in root.source &&
          root.source.snapshotOf.instance === row.id &&
          root.source.snapshotOf.snapshot === snapshot,
      )
      if (!has.includes(snapshot) && !isUsed)
        throw new AppError(
          'not-found',
          `${row.name} has no snapshot ${snapshot}${has.length > 0 ? `; it has ${has.join(', ')}` : ''}`,
        )
      return { snapshotOf: { instance: row.id, snapshot } }
    },
    snapshotHost: ({ spec }) => spec.image.snapshotOf && find(spec.image.snapshotOf.instance).host,
  }
}
