import type { DesiredInstance, InstancePort } from '../contract/instance.ts'
import type { Blueprint } from './blueprint.ts'
import type { PlanInput } from './draft.ts'
import { givesAddresses } from './network-spec.ts'
import type { InstanceRow } from './rows.ts'

/**
 * What a running guest has of its networks and loses, though it stays on them; undefined when that is nothing. Its host goes over at once, the guest when it
 * asks for its addresses again, or starts.
 *
 * Decision: a plan says that this interrupts.
 * Why: it does so for as long as the guest does not know, and that is said before it is done.
 * Not: to leave the guest what it has until it starts, as a port that is taken from it. The range, the gateway and the floating IPs would have to be the old
 * and the new ones at once.
 */
export function cutOff(
  { rows }: PlanInput,
  row: InstanceRow,
  { ports }: Blueprint,
  next: DesiredInstance,
): string | undefined {
  if (row.document.wanted !== 'running') return undefined
  const own = rows.hostAddresses.filter(({ host }) => host === row.host).map(({ address }) => address)
  const losses = ports.flatMap(({ kept, spec }, index) => {
    const had = row.document.ports.find(({ mac }) => mac === kept?.mac)
    const has = next.ports[index]
    if (!had || !has) return []
    const what = lostOf(had, has, own)
    return what.length === 0 ? [] : [{ what, byDhcp: had.bridge === has.bridge && givesAddresses(spec) }]
  })
  if (losses.length === 0) return undefined
  const until = losses.every(({ byDhcp }) => byDhcp)
    ? 'it asks for its addresses again (DHCP), or starts'
    : 'it starts again'
  return `it loses ${losses.flatMap(({ what }) => what).join(', ')} at once, and is cut off until ${until}`
}

/** `own` are addresses of the host: what others serve does not go away by a change of ours. */
function lostOf(had: InstancePort, has: InstancePort, own: readonly string[]): string[] {
  const served = servedBy(had).filter((address) => own.includes(address))
  const stays = [...has.addresses.map(bare), ...servedBy(has)]
  const gone = [...had.addresses.map(bare), ...served].filter((address) => !stays.includes(address))
  return had.bridge === has.bridge ? gone : [`the bridge ${had.bridge}`, ...gone]
}

/** The gateways and the name servers that a guest is told. */
function servedBy({ gateways = [], dns = [] }: InstancePort): string[] {
  return [...new Set([...gateways, ...dns])]
}

function bare(address: string): string {
  return address.split('/')[0] ?? ''
}
