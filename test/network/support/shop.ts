import type { DesiredNetworks } from '../../../src/contract/network.ts'
import { compileRules } from '../../../src/rules/compile/compile.ts'
import type { CompiledRules } from '../../../src/rules/compiled.ts'
import type { HostFacts } from '../../../src/rules/host-facts.ts'
import { desiredNetworks, type NetworksSpec } from '../../support/networks.ts'

export const facts: HostFacts = {
  egress: { interface: 'em0', ipv4: '192.0.2.11' },
  filterLocal: false,
  metadata: { address: '169.254.169.254', port: 80 },
}

export const web = { name: 'web', network: 'front', addresses: ['10.0.0.11'], groups: ['web'] }
export const db = { name: 'db', network: 'front', addresses: ['10.0.0.12'], groups: ['db'] }
export const cache = { name: 'cache', network: 'front', addresses: ['10.0.0.13'], groups: ['db'] }

const any = { direction: 'out', protocol: 'any' } as const

/** A network, a web server that anybody reaches, and a database that the web server reaches. */
export function shop(change: Partial<NetworksSpec> = {}): DesiredNetworks {
  return desiredNetworks({
    networks: [{ name: 'front', ipv4: { range: '10.0.0.0/24', host: '10.0.0.1', snat: true } }],
    ports: [web, db],
    groups: [
      { name: 'web', rules: [any, { direction: 'in', protocol: 'tcp', ports: { from: 80, to: 80 } }] },
      {
        name: 'db',
        rules: [any, { direction: 'in', protocol: 'tcp', ports: { from: 5432, to: 5432 }, remote: { group: 'web' } }],
      },
    ],
    ...change,
  })
}

export const floatingIp = { name: 'web', address: '192.0.2.51', fixed: '10.0.0.11' }

export function rulesOf(networks: DesiredNetworks): CompiledRules {
  return compileRules(networks, facts)
}
