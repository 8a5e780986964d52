import type { Unit } from './quantity.ts'

/** Round numbers from below `least` to above `most`, about four steps: of powers of two for bytes, else of 1, 2, 2.5 or 5 times a power of ten. */
export function valueTicks(least: number, most: number, unit: Unit): number[] {
  const low = Math.min(0, least)
  const step = roundStep((Math.max(most, low) - low || 1) / 4, unit)
  const first = Math.floor(low / step)
  const last = Math.max(first + 1, Math.ceil(most / step))
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step)
}

function roundStep(atLeast: number, unit: Unit): number {
  if (unit === 'bytes' || unit === 'bytes-per-second') return 2 ** Math.max(0, Math.ceil(Math.log2(atLeast)))
  if (unit === 'state') return Math.max(1, Math.ceil(atLeast))
  const power = 10 ** Math.floor(Math.log10(atLeast))
  return power * ([1, 2, 2.5, 5].find((times) => times * power >= atLeast) ?? 10)
}

const minute = 60
const hour = 60 * minute
const day = 24 * hour
const timeSteps = [minute, 5 * minute, 10 * minute, 30 * minute, hour, 3 * hour, 6 * hour, 12 * hour, day, 7 * day]

/** Full minutes, hours or days (UTC) between two moments, in seconds since 1970: seven at most, but for years. */
export function timeTicks(from: number, to: number): number[] {
  const step = timeSteps.find((seconds) => (to - from) / seconds <= 6) ?? 30 * day
  const first = Math.ceil(from / step)
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => (first + index) * step)
}

/** "14:05", at midnight the date: "11-22". */
export function timeTickText(seconds: number): string {
  const text = new Date(seconds * 1000).toISOString()
  return seconds % day === 0 ? text.slice(5, 10) : text.slice(11, 16)
}
