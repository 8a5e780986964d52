import type { DesiredNetworks } from '../../contract/network.ts'
import type { Owner } from '../../rules/compiled.ts'

/** Whose a rule is, as labels. */
export type OwnerLabels = { owner_kind: Owner['kind']; owner: string }

/** Owners by the names that people know them by: "shop.www". What is of the host as a whole has no name. */
export function ownerLabels({ ports, instances, groups, floatingIps, forwards }: DesiredNetworks) {
  const instanceNames = new Map(instances.map(({ id, name }) => [id, name]))
  const names = {
    host: new Map<string, string>(),
    port: new Map(ports.map(({ id, instance }) => [id, instanceNames.get(instance) ?? instance])),
    group: namesOf(groups),
    'floating-ip': namesOf(floatingIps),
    forward: namesOf(forwards),
  } satisfies Record<Owner['kind'], ReadonlyMap<string, string>>
  return (owner: Owner): OwnerLabels =>
    owner.kind === 'host'
      ? { owner_kind: 'host', owner: '' }
      : { owner_kind: owner.kind, owner: names[owner.kind].get(owner.id) ?? owner.id }
}

function namesOf(all: readonly { id: string; name: string }[]): Map<string, string> {
  return new Map(all.map(({ id, name }) => [id, name]))
}
