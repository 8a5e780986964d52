import type { DesiredInstance } from '../contract/instance.ts'
import type { PlanChange } from '../contract/plan.ts'
import { type Blueprint, documentOf, type PortPlan } from './blueprint.ts'
import { cutOff } from './cut-off.ts'
import { differences } from './differences.ts'
import type { PlanInput } from './draft.ts'
import { hostAddressesThatFit } from './host-addresses.ts'
import { promisedAddresses } from './members.ts'
import { bridgeOf } from './network-spec.ts'
import type { InstanceRow } from './rows.ts'

/** How an instance that stays itself becomes another. */
export interface Change {
  changes: PlanChange[]
  /** What its running guest loses at once: a sentence. */
  cut: string | undefined
}

/** @param volumeNames those of the stack's volumes by their ids */
export function changeOf(
  input: PlanInput,
  row: InstanceRow,
  blueprint: Blueprint,
  volumeNames: ReadonlyMap<string, string>,
): Change {
  const next = plannedDocument(input, row, blueprint)
  const cut = cutOff(input, row, blueprint, next)
  const changes = differences(row.document, next, (id) => volumeNames.get(id) ?? id).map((change) =>
    change.field === 'networks' && cut !== undefined ? { ...change, when: 'live' as const } : change,
  )
  return { changes: [...changes, ...guardChanges(input, blueprint)], cut }
}

/** What an instance would be told, were what is new given already. A port that lacks something has no id here. */
function plannedDocument(
  { stack, networks, rows, volumes }: PlanInput,
  row: InstanceRow,
  blueprint: Blueprint,
): DesiredInstance {
  const volumeIds = volumes.filter(({ wanted }) => wanted === 'present').map(({ id, name }) => [name, id] as const)
  const network = ({ spec }: PortPlan) => {
    const known = networks.find(({ name }) => name === spec.name)
    // The bridge of a network without a name yet, and what hosts have on it, is not known.
    if (!known) return { bridge: spec.bridge ?? '', own: [] }
    const had = rows.hostAddresses.filter((one) => one.network === known.id && one.host === row.host)
    const own = had.map(({ address }) => address)
    const reserved = promisedAddresses(stack, spec.name)
    return { bridge: bridgeOf({ id: known.id, spec }), own: hostAddressesThatFit({ spec }, own, reserved) }
  }
  return documentOf(blueprint, {
    id: row.id,
    revision: row.document.revision,
    ports: blueprint.ports.map((port) => ({
      id: port.kept && port.addresses.every(({ address }) => address !== undefined) ? port.kept.id : '',
      mac: port.kept?.mac ?? '',
      ...network(port),
      addresses: port.addresses.flatMap(({ address }) => address ?? []),
    })),
    volumeIds: new Map([...blueprint.volumes.map(({ volume }) => [volume, volume] as const), ...volumeIds]),
    vncPassword: '',
  })
}

/** How the ports that an instance keeps would be guarded otherwise: what its host is told of that stands in no document of an instance. */
function guardChanges({ rows }: PlanInput, { ports }: Blueprint): PlanChange[] {
  return ports.flatMap(({ kept, network, groups, allowed }) => {
    const row = rows.ports.find(({ id }) => id === kept?.id)
    if (!row) return []
    const had = rows.groups.filter(({ id }) => row.groups.includes(id)).map(({ name }) => name)
    const of = ports.length > 1 ? ` on ${network.slice(network.indexOf('.') + 1)}` : ''
    const changes = [
      { field: `securityGroups${of}`, from: had.toSorted().join(', ') || 'none', to: groups.join(', ') || 'none' },
      { field: `allowedAddresses${of}`, from: row.allowed.join(', ') || 'none', to: allowed.join(', ') || 'none' },
    ]
    return changes.filter(({ from, to }) => from !== to).map((change) => ({ ...change, when: 'live' as const }))
  })
}

/** Whether what is said of a port's groups takes one of them away, and so may end connections. */
export function losesGroup(changes: readonly PlanChange[]): boolean {
  return changes.some(
    ({ field, from, to }) =>
      field.startsWith('securityGroups') &&
      from !== 'none' &&
      from.split(', ').some((name) => !to.split(', ').includes(name)),
  )
}
