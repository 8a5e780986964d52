import type { InstanceStatus } from '../../src/contract/compute-status.ts'
import type { ComputeFigures, NetworkFigures } from '../../src/contract/figures.ts'
import type { DesiredInstance, DesiredVolume } from '../../src/contract/instance.ts'
import type { DesiredNetworks } from '../../src/contract/network.ts'
import type { NetworkStatus } from '../../src/contract/network-status.ts'
import type { Operation, OperationReport } from '../../src/contract/operation.ts'
import type { HostReport } from '../../src/contract/report.ts'
import type { Stream } from '../../src/platform/web-socket.ts'
import type { ReportingHost } from './fleet-by-api.ts'

const GiB = 2 ** 30

/** A host with a compute and a network that are only reports: its instances are as the test says, and run unless it says otherwise. */
export interface CloudHost {
  name: string
  /** Reports that all is as it was told, but for what was said of some. `parts` are of the whole report. */
  report(parts?: Partial<HostReport>): Promise<void>
  /** What is different about an instance from now on; it is not reported yet. */
  say(instance: string, status: Partial<InstanceStatus>): void
  /** What its network tells from now on, where that is not that all is in force; undefined, and at first: it has none. It is not reported yet. */
  sayNetwork(status: Partial<NetworkStatus> | undefined): void
  /** What it has used so far, from now on; `compute` is told what it should run. It is not reported yet. */
  sayFigures(figures: { compute(instances: readonly DesiredInstance[]): ComputeFigures; network: NetworkFigures }): void
  /** Waits for an operation of a kind that was not answered yet. */
  asked<K extends Operation['kind']>(kind: K): Promise<Extract<Operation, { kind: K }>>
  /** Says what came of an operation, and reports. */
  answer(id: string, answer: Pick<OperationReport, 'state' | 'result' | 'problem'>): Promise<void>
  /** The host's end of a console. */
  dial(stream: string): Promise<Stream>
}

export function cloudHost(host: ReportingHost): CloudHost {
  const said = new Map<string, Partial<InstanceStatus>>()
  let network: Partial<NetworkStatus> | undefined
  let figures: Parameters<CloudHost['sayFigures']>[0] | undefined
  const answers = new Map<string, OperationReport>()
  const startedAt = new Date(Date.now() - 3 * 3_600_000).toISOString()

  function statusOf({ id, name, wanted, revision, root, ports }: DesiredInstance): InstanceStatus {
    const runs = wanted === 'running'
    return {
      id,
      state: wanted,
      since: startedAt,
      revision: runs ? revision : 0,
      atNextStart: [],
      ...(runs ? { domid: 7, startedAt, firstBootSeconds: 8.25 } : {}),
      restarts: 0,
      health: 'unknown',
      disks: [
        { device: 'xvda', sizeBytes: root.sizeBytes, usedBytes: root.sizeBytes / 8, backend: 'phy' },
        { device: 'xvde', sizeBytes: 2 ** 20, usedBytes: 2 ** 19, backend: 'phy' },
      ],
      interfaces: runs ? ports.map((port, index) => ({ port: port.id, name: `xnb7.${index}` })) : [],
      snapshots: [],
      ...said.get(name),
    }
  }

  function networkStatus(generation: number, { ports = [] }: Partial<DesiredNetworks>): NetworkStatus {
    return {
      component: 'network',
      version: '1.0.0',
      pid: 4213,
      startedAt,
      accepts: 1,
      generation,
      problems: [],
      loaded: generation,
      ports: ports.map(({ id }) => id),
      egress: { interface: 'em0', ipv4: '198.51.100.7' },
      filterLocal: true,
      anchor: 'org.openstack',
      drift: { count: 0 },
      statesKilled: 0,
      capabilities: {},
      ...(figures ? { figures: figures.network } : {}),
      ...network,
    }
  }

  const capacity = {
    memoryMiB: 262_144,
    freeMemoryMiB: 196_608,
    cpus: 32,
    diskBytes: 4096 * GiB,
    freeDiskBytes: 400 * GiB,
  }
  async function report(parts: Partial<HostReport> = {}) {
    const { generation, instances, volumes = [], network: networks, releaseSet } = await host.document()
    const compute = {
      component: 'compute',
      version: '1.0.0',
      pid: 4212,
      startedAt,
      accepts: 1,
      generation,
      problems: [],
      instances: (instances as DesiredInstance[]).map(statusOf),
      volumes: (volumes as DesiredVolume[]).map(({ id, sizeBytes, wanted }) => ({
        id,
        state: wanted,
        sizeBytes,
        usedBytes: sizeBytes / 4,
      })),
      images: [],
      operations: [...answers.values()],
      capabilities: {
        'xen.hvm': { available: true },
        'xen.pvh': { available: true },
        'snapshot.memory': { available: false, reason: 'xl save needs 2 GiB in /var/db' },
      },
      capacity,
      ...(figures ? { figures: figures.compute(instances as DesiredInstance[]) } : {}),
    }
    const daemons = { compute, ...(network ? { network: networkStatus(generation, networks) } : {}) }
    await host.report(releaseSet, { daemons, ...parts })
  }

  return {
    name: host.name,
    report,
    dial: host.dial,
    say: (instance, status) => void said.set(instance, { ...said.get(instance), ...status }),
    sayNetwork(status) {
      network = status
    },
    sayFigures(told) {
      figures = told
    },
    async asked(kind) {
      for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
        const { operations } = await host.document()
        const operation = (operations as Operation[]).find((one) => one.kind === kind && !answers.has(one.id))
        if (operation) return operation as Extract<Operation, { kind: typeof kind }>
      }
      throw new Error(`${host.name} was asked for no ${kind} within 20 s`)
    },
    async answer(id, { state, ...told }) {
      answers.set(id, { id, state, at: new Date().toISOString(), ...told })
      await report()
    },
  }
}
