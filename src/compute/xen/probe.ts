import type { Capabilities } from '../driver.ts'
import { type HostInfo, numberOf } from './host-info.ts'
import type { Xl } from './xl.ts'

const guestKinds = ['xen.hvm', 'xen.pvh', 'xen.pv', 'snapshot.memory'] as const

/** What this Xen can do, and why not. Every answer is found by asking the hypervisor. */
export async function probeXen(xl: Xl): Promise<Capabilities> {
  const info = await xl.info().catch((error: Error) => error)
  if (info instanceof Error) {
    const reason = `the hypervisor does not answer: ${info.message}`.slice(0, 500)
    return Object.fromEntries(guestKinds.map((kind) => [kind, { available: false, reason }]))
  }
  return {
    'xen.hvm': needs(info, 'hvm', 'switch on VT-x or AMD-V in the firmware'),
    'xen.pvh': needs(info, 'hvm', 'switch on VT-x or AMD-V in the firmware'),
    'xen.pv': needs(info, 'pv', 'this Xen was built without PV guests; use hvm or pvh'),
    'snapshot.memory': { available: true },
  }
}

/** `virt_caps` is a list of words ("pv hvm hap"); a Xen before 4.12 has no such line, and its `xen_caps` tells. */
function needs(info: HostInfo, word: 'hvm' | 'pv', way: string): Capabilities[string] {
  const words = info.get('virt_caps')?.split(' ')
  const has = words ? words.includes(word) : (info.get('xen_caps') ?? '').includes(word === 'hvm' ? 'hvm-' : 'xen-')
  if (has) return { available: true }
  const version = `Xen ${numberOf(info, 'xen_major') ?? '?'}.${numberOf(info, 'xen_minor') ?? '?'}`
  return { available: false, reason: `${version} of this host cannot run ${word} guests (virt_caps): ${way}` }
}
