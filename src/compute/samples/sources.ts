import { performance } from 'node:perf_hooks'
import type { ComputeFigures } from '../../contract/figures.ts'
import type { Collector } from '../../monitor/collector.ts'
import type { MetricFamily } from '../../monitor/samples.ts'
import type { Unread } from '../../monitor/unread.ts'
import type { Clock } from '../../platform/clock.ts'
import { type Exec, execOk } from '../../platform/exec.ts'
import type { DiskStore } from '../disk-store.ts'
import type { Driver } from '../driver.ts'
import { readBackends } from './backends-output.ts'
import { openCpuUsage } from './cpu-usage.ts'
import { diskSamples, diskUse } from './disks.ts'
import { livingGuests, type SampleFacts } from './facts.ts'
import { computeFigures } from './figures.ts'
import { hostSamples } from './host.ts'
import { guestTraffic, interfaceSamples } from './interfaces.ts'
import { readIostat } from './iostat-output.ts'
import { libvirtSamples } from './libvirt.ts'
import { readInterfaces } from './netstat-output.ts'
import { poolSamples } from './pool.ts'
import { slipwaySamples } from './slipway.ts'
import { xenSamples } from './xen.ts'

export interface SourcesOptions {
  driver: Driver
  store: DiskStore
  exec: Exec
  clock: Clock
  unread: Unread
  /** What the last look found. */
  facts: () => SampleFacts
}

export interface Sources {
  collectors: readonly Collector[]
  /** Of the last samples; undefined before the first. */
  figures(): ComputeFigures | undefined
}

/** Less than a sample may take, so that a tool that hangs is ended with it. */
const timeoutMs = 8000

/**
 * Where the samples of compute come from: the last look, and five programs, each run once for all guests together. On a host
 * without guests only two of them are run.
 */
export function openSources({ driver, store, exec, clock, unread, facts }: SourcesOptions): Sources {
  let figures: ComputeFigures | undefined
  const read = new Set<string>()
  const usage = openCpuUsage()
  const ask = async (...argv: Parameters<Exec>[0]) => (await execOk(exec, argv, { timeoutMs })).stdout
  const hasGuests = (found: SampleFacts) => livingGuests(found).size > 0

  /** A source whose last reading is kept for the figures, and forgotten when the next fails. */
  function source<T>(
    name: string,
    take: (found: SampleFacts) => Promise<T>,
    tell: (reading: T, found: SampleFacts) => MetricFamily[],
  ) {
    let last: T | undefined
    const collector: Collector = {
      name,
      async collect() {
        try {
          const found = facts()
          last = await take(found)
          return tell(last, found)
        } catch (error) {
          last = undefined
          throw error
        } finally {
          wasRead(name)
        }
      },
    }
    return { collector, last: () => last }
  }

  const host = source(
    'host',
    async ({ hardware }) => {
      const { vcpus, unread: lines } = await driver.vcpus()
      unread.saw('xl vcpu-list', lines)
      return { vcpus, usage: usage(vcpus, hardware?.processors ?? [], performance.now()) }
    },
    hostSamples,
  )
  const interfaces = source(
    'interfaces',
    async (found) => {
      if (!hasGuests(found)) return []
      const listing = readInterfaces(await ask('netstat', '--libxo', 'json', '-i', '-b', '-n', '-d', '-W'))
      unread.saw('netstat -i', listing.unread)
      return guestTraffic(listing.interfaces)
    },
    interfaceSamples,
  )
  const disks = source(
    'disks',
    async (found) => {
      if (!hasGuests(found)) return []
      // A host without such disks has no dev.xbbd.
      const [owners, totals] = await Promise.all([ask('sysctl', '-i', 'dev.xbbd'), ask('iostat', '-I', '-x')])
      const { backends, unread: paths } = readBackends(owners)
      const { devices, unread: lines } = readIostat(totals)
      unread.saw('sysctl dev.xbbd', paths)
      unread.saw('iostat -I -x', lines)
      return diskUse(backends, devices)
    },
    diskSamples,
  )
  const pool = source('pool', () => store.pool(), poolSamples)
  const guests: Collector = {
    name: 'guests',
    async collect() {
      const found = facts()
      return [...slipwaySamples(found), ...xenSamples(found), ...libvirtSamples(found)]
    },
  }
  const sources = [host, interfaces, disks, pool]

  /**
   * The figures are of one round: every source was read once, or one is read again because another takes its time. So a counter is
   * never compared over another time than its neighbour.
   */
  function wasRead(name: string): void {
    const late = read.has(name)
    read.add(name)
    if (!late && read.size < sources.length) return
    read.clear()
    if (late) read.add(name)
    if (host.last() || pool.last())
      figures = computeFigures(
        clock.now(),
        { host: host.last(), traffic: interfaces.last(), disks: disks.last(), pool: pool.last() },
        facts(),
      )
  }

  return { collectors: [guests, ...sources.map(({ collector }) => collector)], figures: () => figures }
}
