import { createHash } from 'node:crypto'
import type { DesiredInstance } from '../../../src/contract/instance.ts'
import { desiredNetworks, type NetworksSpec, type RuleSpec } from '../../support/networks.ts'

const instances = 100
/** Each instance is in five of its own, of which each has two tables and twenty rules. */
const groups = 500
const rulesEach = 10

/** What a full host is told: 100 instances on four networks, 10,000 rules of PF, 1,000 tables. */
export function fullHost() {
  const networks = desiredNetworks(spec())
  return { networks, instances: networks.ports.map(({ mac, instance }, at) => instanceOf(at, instance, mac)) }
}

function spec(): NetworksSpec {
  return {
    networks: [0, 1, 2, 3].map((number) => ({
      name: `n${number}`,
      ipv4: { range: `10.${number}.0.0/16`, host: `10.${number}.0.1`, snat: true },
    })),
    ports: Array.from({ length: instances }, (_, at) => ({
      name: `i${at}`,
      network: `n${at % 4}`,
      addresses: [addressOf(at)],
      groups: Array.from({ length: groups / instances }, (_, number) => `g${at * 5 + number}`),
    })),
    groups: Array.from({ length: groups }, (_, number) => ({ name: `g${number}`, rules: rulesOf(number) })),
    floatingIps: Array.from({ length: 50 }, (_, at) => ({
      name: `f${at}`,
      address: `198.51.100.${at + 1}`,
      fixed: addressOf(at),
    })),
  }
}

function addressOf(instance: number): string {
  return `10.${instance % 4}.1.${instance + 1}`
}

/** A third of them speak of another group. */
function rulesOf(group: number): RuleSpec[] {
  return Array.from({ length: rulesEach }, (_, number) => ({
    direction: number === 0 ? 'out' : 'in',
    family: 4,
    protocol: 'tcp',
    ports: { from: 1000 + number, to: 1000 + number },
    ...(number % 3 === 1 && { remote: { group: `g${(group + number) % groups}` } }),
  }))
}

function instanceOf(number: number, id: string, mac: string): DesiredInstance {
  return {
    id,
    name: `shop.i${number}`,
    revision: 1,
    wanted: 'running',
    driver: 'xen',
    type: 'hvm',
    vcpus: 2,
    memoryMiB: 128,
    boot: { from: 'disk', firmware: 'bios' },
    root: { source: { empty: true }, sizeBytes: 64 * 1024 * 1024 },
    diskBackend: 'auto',
    volumes: [],
    ports: [
      {
        id: createHash('sha256').update(id).digest('hex').slice(0, 16),
        network: `shop.n${number % 4}`,
        bridge: `br-n${number % 4}`,
        mac,
        addresses: [`${addressOf(number)}/16`],
      },
    ],
    restart: 'always',
    shutdownSeconds: 1,
  }
}
