import type { MetricFamily } from './samples.ts'

/** One source of figures, in the station that runs its command. It keeps nothing between two runs but what rates are made of. */
export interface Collector {
  /** As it stands in the label `collector`: "rules". */
  name: string
  /**
   * Reads the source once and answers whole families: no other collector of the program may have one of them. A family without rows is left out.
   * The very object of the time before says that nothing has changed: its text is not made again. Of many rows, a generator has those of one family
   * at a time in memory; what it throws is thrown by the sample.
   * What it throws is logged, and the sample before stays until it is too old.
   */
  collect(signal: AbortSignal): Promise<Iterable<MetricFamily>>
  /** A run that takes longer has failed (10 s). */
  timeoutMs?: number
}
