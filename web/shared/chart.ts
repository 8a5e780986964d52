import type { Unit } from './quantity.ts'
import type { Series } from './series.ts'

/** Lines over time, and what is said with them. */
export interface Chart {
  title: string
  unit: Unit
  /** Eight have looks of their own, in colour and in dashes; further ones begin from the first again. */
  series: readonly Series[]
  /** What the values cannot exceed: drawn when they come near it. */
  limit?: number | undefined
  /** Why there may be nothing to show. */
  empty?: string
}
