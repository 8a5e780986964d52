import { openDaemons } from '../../../src/devstack/daemons.ts'
import type { DhcpLease } from '../../../src/devstack/dhcp-lease.ts'
import type { Machine } from '../../../src/devstack/machine.ts'
import { openInterfaces } from '../../../src/devstack/net/interfaces.ts'
import { dnsmasq } from '../../../src/devstack/tools/dnsmasq.ts'
import { kill } from '../../../src/devstack/tools/kill.ts'
import { ps } from '../../../src/devstack/tools/ps.ts'
import type { SimulatedTool } from '../../../src/devstack/tools/tool.ts'
import type { Exec } from '../../../src/platform/exec.ts'
import { facts } from '../../devstack/machine.ts'

const tools: Readonly<Record<string, SimulatedTool>> = { dnsmasq, kill, ps }

/** The programs of a simulated host that DHCP needs, without the host. `ran` lists what was called. */
export function simulatedDnsmasq() {
  const interfaces = openInterfaces(facts)
  const daemons = openDaemons()
  const ran: string[] = []
  const exec: Exec = async ([program, ...words]) => {
    const tool = tools[program]
    if (!tool) throw new Error(`${program} is not simulated here`)
    ran.push([program, ...words].join(' '))
    const call = { arguments: words, cwd: '/', signal: new AbortController().signal }
    return { signal: null, ...(await tool(call, { interfaces, daemons } as unknown as Machine)) }
  }
  return {
    exec,
    ran,
    daemons,
    addBridge(name: string, address: string) {
      const { name: first } = interfaces.create('bridge')
      interfaces.rename(first, name)
      interfaces.get(name).addresses.push({ family: 'inet', address, prefixLength: 24 })
    },
    /** What a client with this MAC is given, by every dnsmasq that answers it. */
    leases: (mac: string): DhcpLease[] =>
      daemons.all().flatMap((daemon) => {
        const lease = daemon.dnsmasq?.lease(mac)
        return lease ? [lease] : []
      }),
  }
}
