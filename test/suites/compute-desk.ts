import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { ComputeStatus, InstanceStatus } from '../../src/contract/compute-status.ts'
import type { DesiredInstance, DesiredVolume } from '../../src/contract/instance.ts'
import type { Operation } from '../../src/contract/operation.ts'
import type { ComputeHost } from './compute-host.ts'

export const MiB = 1024 * 1024
const desiredFile = '/var/db/slipway/desired/instances.json'

/** How long the host may take for anything, and how often it is looked at. */
export interface Patience {
  patienceMs: number
  lookMs: number
}

/** Writes what a host is to run, as an agent does, and reads from compute what has become of it. `open` gives the host, once it is open. */
export function openDesk(open: () => ComputeHost, { patienceMs, lookMs }: Patience) {
  const instances = new Map<string, DesiredInstance>()
  const volumes = new Map<string, DesiredVolume>()
  const operations: Operation[] = []
  const patience = { timeout: patienceMs, interval: lookMs }
  let generation = 0
  let number = 0

  const desk = {
    instances,
    volumes,
    patience,

    async desire(): Promise<void> {
      generation++
      const document = { generation, instances: [...instances.values()], volumes: [...volumes.values()], operations }
      await open().writeFile(desiredFile, JSON.stringify(document))
    },

    /** Another instance of the host's first shape, with an address of its own; `desire` tells compute of it. */
    instance(label: string, change: Partial<DesiredInstance> = {}): DesiredInstance {
      const { shape, image, bridge, upText } = open()
      number++
      const wanted: DesiredInstance = {
        id: newInstanceId(),
        name: `suite.${label}`,
        revision: 1,
        wanted: 'running',
        driver: 'xen',
        vcpus: 1,
        ...shape,
        root: { source: { image }, sizeBytes: 64 * MiB },
        diskBackend: 'auto',
        volumes: [],
        ports: [
          {
            id: number.toString(16).padStart(16, '0'),
            network: 'suite.net',
            bridge,
            mac: `00:16:3e:00:01:${number.toString(16).padStart(2, '0')}`,
            addresses: [`10.9.0.${20 + number}/24`],
          },
        ],
        seed: { hostname: label, sshKeys: [] },
        restart: 'always',
        shutdownSeconds: Math.ceil(patienceMs / 1000),
        check: { kind: 'console', text: upText },
        ...change,
      }
      instances.set(wanted.id, wanted)
      return wanted
    },

    async change({ id }: DesiredInstance, facts: Partial<DesiredInstance>): Promise<DesiredInstance> {
      const before = instances.get(id) as DesiredInstance
      const after = { ...before, ...facts, revision: before.revision + 1 }
      instances.set(id, after)
      await desk.desire()
      return after
    },

    async status(): Promise<ComputeStatus> {
      return JSON.parse((await open().get('/status'))[1])
    },
    /** Undefined until compute has read what was desired last: before that it tells of what was. */
    async of({ id }: { id: string }): Promise<InstanceStatus | undefined> {
      const told = await desk.status()
      return told.generation === generation ? told.instances.find((it) => it.id === id) : undefined
    },
    async become(wanted: { id: string }, facts: Record<string, unknown>): Promise<void> {
      await expect.poll(() => desk.of(wanted), patience).toMatchObject(facts)
    },
    async domid(wanted: { id: string }): Promise<number> {
      return (await desk.of(wanted))?.domid ?? -1
    },

    /** Gives an operation and waits for its end. */
    async operate<K extends Operation['kind']>(
      { id }: { id: string },
      kind: K,
      args: Extract<Operation, { kind: K }> extends { arguments: infer A } ? A : undefined,
    ) {
      const operation = {
        id: (operations.length + 1).toString(16).padStart(16, '0'),
        target: id,
        notAfter: new Date(Date.now() + 600_000).toISOString(),
        kind,
        ...(args === undefined ? {} : { arguments: args }),
      } as Operation
      operations.push(operation)
      await desk.desire()
      const report = async () => (await desk.status()).operations.find((it) => it.id === operation.id)
      await expect.poll(async () => (await report())?.state, patience).toMatch(/^(done|failed)$/)
      return await report()
    },
  }
  return desk
}

function newInstanceId(): string {
  const id = randomUUID()
  return id.startsWith('ec2') ? newInstanceId() : id
}
