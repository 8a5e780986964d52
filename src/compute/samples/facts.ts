import type { Capacity, InstanceStatus } from '../../contract/compute-status.ts'
import type { DesiredInstance } from '../../contract/instance.ts'
import type { MetricFamily, SampleRow } from '../../monitor/samples.ts'
import type { Guest, GuestDetails } from '../driver.ts'

/** One instance as the samples show it. */
export interface SampledInstance {
  status: InstanceStatus
  desired: DesiredInstance | undefined
  name: string
  guest: Guest | undefined
  details: GuestDetails | undefined
  /** Of one processor, between the last two looks; undefined after the first. */
  cpuRatio: number | undefined
}

/** What samples are made of: what the last look found. No process is started for a scrape. */
export interface SampleFacts {
  instances: readonly SampledInstance[]
  capacity: Capacity | null
  /** Guests of the hypervisor, ours or not; undefined when they could not be listed. */
  guests: readonly Guest[] | undefined
  /** How old the look is; undefined before the first. */
  lookAgeSeconds: number | undefined
}

export function gauge(name: string, help: string, rows: readonly SampleRow[]): MetricFamily {
  return { name, help, type: 'gauge', rows }
}

export function counter(name: string, help: string, rows: readonly SampleRow[]): MetricFamily {
  return { name, help, type: 'counter', rows }
}

/** The stack of an instance: what OpenStack calls its project. */
export function stackOf(name: string): string {
  return name.split('.', 1)[0] ?? ''
}

export function imageOf(desired: DesiredInstance | undefined): string {
  const source = desired?.root.source
  return source && 'image' in source ? source.image.digest : ''
}
