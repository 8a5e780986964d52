import type { ComputeFigures, InstanceFigures, NetworkFigures } from '../contract/figures.ts'
import type { HostPoint, InstancePoint, PfPoint } from '../contract/history.ts'
import type { HostSample } from './host-sample.ts'

/** A sample, and when the server got it. */
export type TakenSample = HostSample & { at: string }

/** Between samples that are further apart there is no rate: it would be that of a time of which nothing is known. */
export const maxGapSeconds = 900
/** Samples that are closer are of one moment. */
const minGapSeconds = 1

/** The newest figures of a daemon, and those before them, unless nothing can be said of the time between the two. */
interface Pair<F> {
  now: F
  before?: F
}

/** What became of a host between its samples, which are in the order in which they came; the first one has no rates. */
export function pointsOf(samples: readonly TakenSample[], nameOf: (instance: string) => string): HostPoint[] {
  let compute: Pair<ComputeFigures> | undefined
  let network: Pair<NetworkFigures> | undefined
  return samples.map((sample) => {
    compute = follow(compute, sample.compute)
    network = follow(network, sample.network)
    return {
      at: sample.at,
      ...(sample.compute && compute ? computePoint(compute, nameOf) : { instances: [] }),
      ...(sample.network && network ? { pf: pfPoint(network) } : {}),
    }
  })
}

/** The moments are the daemon's own: how long a report was under way is nothing to a rate. */
function follow<F extends { at: string }>(pair: Pair<F> | undefined, figures: F | undefined): Pair<F> | undefined {
  if (pair === undefined || figures === undefined) return figures ? { now: figures } : pair
  const seconds = secondsBetween(pair.now, figures)
  if (seconds >= 0 && seconds < minGapSeconds) return pair
  return seconds > 0 && seconds <= maxGapSeconds ? { now: figures, before: pair.now } : { now: figures }
}

function secondsBetween(before: { at: string }, now: { at: string }): number {
  return (Date.parse(now.at) - Date.parse(before.at)) / 1000
}

function computePoint({ now, before }: Pair<ComputeFigures>, nameOf: (id: string) => string): Omit<HostPoint, 'at'> {
  const seconds = before ? secondsBetween(before, now) : 0
  const past = new Map(before?.instances.map((one) => [one.id, one]))
  const cpu = rise(now.cpuSeconds, before?.cpuSeconds, seconds)
  return known({
    // The sum is smaller when a guest has ended, and then says nothing.
    cpuRatio: cpu === undefined || !now.cpus ? undefined : Math.min(1, cpu / now.cpus),
    memoryBytes: now.memoryBytes,
    freeMemoryBytes: now.freeMemoryBytes,
    poolBytes: now.poolBytes,
    freePoolBytes: now.freePoolBytes,
    instances: now.instances.map((one) => instancePoint(one, past.get(one.id), seconds, nameOf(one.id))),
  })
}

function instancePoint(
  now: InstanceFigures,
  before: InstanceFigures | undefined,
  seconds: number,
  name: string,
): InstancePoint {
  // All counters of an instance begin at 0 together. One that went back alone, as that of a port that was taken away, says nothing.
  const past = before && now.cpuSeconds < before.cpuSeconds ? started : before
  return known({
    id: now.id,
    name,
    cpuRatio: rise(now.cpuSeconds, past?.cpuSeconds, seconds),
    memoryBytes: now.memoryBytes,
    receivedBytesPerSecond: rise(now.receivedBytes, past?.receivedBytes, seconds),
    sentBytesPerSecond: rise(now.sentBytes, past?.sentBytes, seconds),
    readBytesPerSecond: rise(now.readBytes, past?.readBytes, seconds),
    writtenBytesPerSecond: rise(now.writtenBytes, past?.writtenBytes, seconds),
  })
}

/** An instance at its start. */
const started = { cpuSeconds: 0, receivedBytes: 0, sentBytes: 0, readBytes: 0, writtenBytes: 0 }

function pfPoint({ now, before }: Pair<NetworkFigures>): PfPoint {
  const seconds = before ? secondsBetween(before, now) : 0
  // PF's own counters begin at 0 when it is told so. The others are sums over rules, and smaller when some of these have gone.
  const restarted = before !== undefined && now.stateSearches < before.stateSearches
  const past = restarted ? { stateSearches: 0, stateInserts: 0 } : before
  return known({
    states: now.states,
    stateLimit: now.stateLimit,
    searchesPerSecond: rise(now.stateSearches, past?.stateSearches, seconds),
    insertsPerSecond: rise(now.stateInserts, past?.stateInserts, seconds),
    passedPacketsPerSecond: rise(now.passedPackets, before?.passedPackets, seconds),
    passedBytesPerSecond: rise(now.passedBytes, before?.passedBytes, seconds),
    blockedPacketsPerSecond: rise(now.blockedPackets, before?.blockedPackets, seconds),
  })
}

/** By how much a counter has grown each second; undefined when that is not known, and when it went back. */
function rise(now: number | undefined, before: number | undefined, seconds: number): number | undefined {
  if (now === undefined || before === undefined || now < before) return undefined
  return (now - before) / seconds
}

type Known<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Without the keys of which nothing is known. */
function known<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Known<T> as T
}
