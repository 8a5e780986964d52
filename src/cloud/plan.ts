import type { PinnedImage, Plan, PlanAction } from '../contract/plan.ts'
import { sha256 } from '../platform/digest.ts'
import type { Draft, PlanInput } from './draft.ts'
import { planFloatingIps, planForwards } from './plan-floating.ts'
import { planInstances, type VolumeHosts } from './plan-instances.ts'
import { planGroups, planNetworks } from './plan-networks.ts'
import { sizeBytes, sizeText } from './size.ts'

/** Works out what has to be done so that a stack is as it is declared. Pure: the same input makes the same draft. */
export function draftOf(input: PlanInput): Draft {
  const draft: Draft = { actions: [], steps: [], placements: [], warnings: [], unchanged: 0 }
  planNetworks(input, draft)
  planGroups(input, draft)
  const floatingRanges = planFloatingIps(input, draft)
  planForwards(input, draft)
  const volumeHosts: VolumeHosts = new Map(
    input.volumes.flatMap(({ name, host, wanted }) => (host !== null && wanted === 'present' ? [[name, host]] : [])),
  )
  planInstances(input, draft, { volumeHosts, floatingRanges })
  planVolumes(input, draft, volumeHosts)
  draft.actions.sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1))
  return draft
}

/** What people and programs see of a draft. */
export function planOf(draft: Draft, stack: string, revision: number, images: readonly PinnedImage[]): Plan {
  const { actions, unchanged, placements, warnings } = draft
  const meant = { stack, images, actions }
  return {
    stack,
    revision,
    digest: sha256(JSON.stringify(meant)),
    images: [...images],
    actions,
    unchanged,
    placements,
    warnings,
  }
}

const things = ['network', 'security-group', 'volume', 'instance', 'floating-ip', 'port-forward'] as const

function order({ thing, kind }: PlanAction): number {
  return (kind === 'refused' ? 0 : 10) + things.indexOf(thing)
}

function planVolumes({ stack, volumes, hosts }: PlanInput, draft: Draft, volumeHosts: VolumeHosts): void {
  const rows = new Map(volumes.filter(({ wanted }) => wanted === 'present').map((row) => [row.name, row]))
  const act = (action: Pick<PlanAction, 'kind' | 'name' | 'reason'> & Partial<PlanAction>, hostId: string | null) => {
    const host = hosts.find(({ id }) => id === hostId)?.name ?? null
    draft.actions.push({ thing: 'volume', host, interrupts: false, changes: [], ...action })
  }
  for (const { name: short, size } of stack.volumes ?? []) {
    const name = `${stack.name}.${short}`
    const bytes = sizeBytes(size)
    const host = volumeHosts.get(name) ?? null
    const row = rows.get(name)
    rows.delete(name)
    if (!row) {
      draft.steps.push({ do: 'create-volume', name, sizeBytes: bytes, host })
      const where = host === null ? 'it is made when an instance has it' : 'it is new and empty'
      act({ kind: 'create', name, reason: `${where}, of ${sizeText(bytes)}` }, host)
    } else if (bytes < row.sizeBytes) {
      const reason = `it has ${sizeText(row.sizeBytes)} and cannot become smaller (${sizeText(bytes)})`
      act({ kind: 'refused', name, reason }, row.host)
    } else if (bytes > row.sizeBytes) {
      draft.steps.push({ do: 'change-volume', row, sizeBytes: bytes, host })
      const changes = [{ field: 'size', from: sizeText(row.sizeBytes), to: sizeText(bytes), when: 'live' as const }]
      act({ kind: 'change-live', name, reason: 'it becomes larger', changes }, host)
    } else if (host !== row.host) {
      draft.steps.push({ do: 'change-volume', row, sizeBytes: bytes, host })
      act({ kind: 'create', name, reason: `an instance has it now, so it is made, of ${sizeText(bytes)}` }, host)
    } else draft.unchanged++
  }
  for (const row of rows.values()) {
    draft.steps.push({ do: 'remove-volume', row })
    const lost = `it is not in the stack any more; its ${sizeText(row.sizeBytes)} of data are lost`
    act({ kind: 'remove', name: row.name, reason: lost, interrupts: true }, row.host)
  }
}
