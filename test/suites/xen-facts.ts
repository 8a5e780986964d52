import { beforeAll, describe } from 'vitest'
import { guestFacts } from './guest-facts.ts'
import { toolsOf, type XenHost } from './xen-host.ts'
import { xenRefusals } from './xen-refusals.ts'
import { zvolFacts } from './zvol-facts.ts'

/**
 * What the tools really do: the traps on which src/compute is built, and what the simulator has to do alike. The first half needs no guest,
 * the second follows one through its life, so the tests stand in an order.
 */
export function xenFactsSuite(name: string, open: () => Promise<XenHost>): void {
  describe(name, () => {
    let host: XenHost
    beforeAll(async () => {
      host = await open()
    })
    const tools = toolsOf(() => host)
    xenRefusals(tools)
    zvolFacts(tools)
    guestFacts(tools)
  })
}
