import type { Bridge } from './interfaces.ts'
import { KernelError } from './kernel-error.ts'

/**
 * A frame from this address comes in through a member: the bridge notes where the address is, as if_bridge(4) does. Answers whether the frame
 * goes on: one from an address too many does not, and what is static or sticky elsewhere stays there, though the frame goes on.
 */
export function learn(bridge: Bridge, memberName: string, mac: string): boolean {
  const member = bridge.members.get(memberName)
  if (!member) return false
  if (!member.learn) return true
  const known = bridge.addresses.get(mac)
  if (!known) {
    const behind = [...bridge.addresses.values()].filter((each) => each.member === memberName).length
    if (member.maxAddresses > 0 && behind >= member.maxAddresses) return false
    bridge.addresses.set(mac, { member: memberName, kind: member.sticky ? 'sticky' : 'dynamic' })
  } else if (known.kind === 'dynamic') known.member = memberName
  return true
}

/** `ifconfig BRIDGE static MEMBER MAC`. One that is static already stays where it is. @throws KernelError ENOENT */
export function setStatic(bridge: Bridge, member: string, mac: string): void {
  if (!bridge.members.has(member)) throw new KernelError('ENOENT')
  const known = bridge.addresses.get(mac)
  const stays = known !== undefined && known.kind !== 'dynamic'
  bridge.addresses.set(mac, { member: stays ? known.member : member, kind: 'static' })
}
