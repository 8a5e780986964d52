import type { Stack } from '../contract/stack.ts'
import type { Db } from '../database/open.ts'
import { isOn } from './desired-networks.ts'
import type { Step } from './draft.ts'
import type { Fleet } from './fleet.ts'
import { freeHostAddresses, settleHostAddresses } from './host-addresses.ts'
import { promisedAddresses } from './members.ts'
import { readNetworkRows } from './network-rows.ts'
import { hostsToldOtherwise, networkTexts } from './section-changes.ts'
import { InstanceWriter, type OwnAddresses, ownKey } from './write-instances.ts'
import { writeNetworkStep } from './write-networks.ts'

/**
 * Writes what a draft says: what goes before what comes, which may take its name or its address. Answers the hosts whose desired document is
 * another now. Runs inside of the turn in which the draft was made.
 * @throws AppError conflict: an address is taken, or none is free
 */
export async function applySteps(trx: Db, fleet: Fleet, stack: Stack, steps: readonly Step[]): Promise<string[]> {
  if (steps.length === 0) return []
  const before = await networkTexts(trx, [stack.name])
  const hosts = new Set<string>()
  for (const step of steps) for (const host of hostsOf(step)) hosts.add(host)
  const generations = await fleet.nextGeneration(trx, [...hosts])
  for (const step of inOrder(steps, outsideGoes, networks)) await writeNetworkStep(trx, stack.name, step)
  const own = await settleHosts(trx, stack, steps)
  const writer = new InstanceWriter(trx, stack, { generations, own })
  for (const step of inOrder(steps, instances)) await writer.write(step)
  for (const step of inOrder(steps, outsideComes)) await writeNetworkStep(trx, stack.name, step)
  await freeHostAddresses(trx, stack.name)
  const others = (await hostsToldOtherwise(trx, [stack.name], before)).filter((host) => !hosts.has(host))
  await fleet.nextGeneration(trx, others)
  return [...hosts, ...others]
}
/** Port forwards before the floating IPs that they are on. */
const outsideGoes = ['remove-forward', 'remove-floating-ip'] as const
const networks = ['save-network', 'save-group', 'remove-network', 'remove-group'] as const
/** Volumes before instances, which name them; what goes before what comes, which may take its name. */
const instances = [
  'remove-instance',
  'remove-volume',
  'create-volume',
  'change-volume',
  'save-member',
  'change-instance',
  'create-instance',
] as const
const outsideComes = ['save-floating-ip', 'save-forward'] as const

function inOrder<S extends Step['do']>(
  steps: readonly Step[],
  ...kinds: readonly (readonly S[])[]
): Extract<Step, { do: S }>[] {
  return kinds.flat().flatMap((kind) => steps.filter((step): step is Extract<Step, { do: S }> => step.do === kind))
}

/** Gives each host that has, or will have, an instance on a network of the stack the addresses that it needs there. */
async function settleHosts(trx: Db, stack: Stack, steps: readonly Step[]): Promise<OwnAddresses> {
  const rows = await readNetworkRows(trx, [stack.name])
  const coming = steps.flatMap((step) =>
    step.do === 'create-instance'
      ? [{ host: step.host, ports: step.blueprint.ports }]
      : step.do === 'change-instance'
        ? [{ host: step.row.host, ports: step.blueprint.ports }]
        : [],
  )
  const own = new Map<string, string[]>()
  for (const network of rows.networks) {
    if (network.wanted === 'absent') continue
    const name = `${stack.name}.${network.name}`
    const there = [
      ...rows.instances.filter((row) => isOn(row, network)).map(({ host }) => host),
      ...coming.filter(({ ports }) => ports.some((port) => port.network === name)).map(({ host }) => host),
    ]
    const promised = promisedAddresses(stack, network.name)
    for (const host of new Set(there))
      own.set(ownKey(network.id, host), await settleHostAddresses(trx, network, host, promised))
  }
  return own
}

function hostsOf(step: Step): string[] {
  switch (step.do) {
    case 'create-instance':
      return [step.host, ...(step.replaces ? [step.replaces.host] : [])]
    case 'change-instance':
    case 'remove-instance':
      return [step.row.host]
    case 'create-volume':
    case 'change-volume':
      return step.host === null ? [] : [step.host]
    case 'remove-volume':
      return step.row.host === null ? [] : [step.row.host]
    default:
      return []
  }
}
