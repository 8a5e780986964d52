import { bytesText } from './bytes.ts'

/** What the numbers of a chart are. A ratio of 1 is 100 %. */
export type Unit = 'ratio' | 'bytes' | 'bytes-per-second' | 'per-second' | 'count' | 'seconds' | 'state'

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const fine = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 })

/** "12 %", "1.4 MiB", "35 KiB/s", "1,204/s", "250 ms": as many digits as one wants to read. */
export function quantityText(value: number, unit: Unit): string {
  switch (unit) {
    case 'ratio':
      return `${numberText(100 * value)} %`
    case 'bytes':
      return bytesText(value)
    case 'bytes-per-second':
      return `${bytesText(value)}/s`
    case 'per-second':
      return `${numberText(value)}/s`
    case 'seconds':
      return secondsText(value)
    case 'count':
    case 'state':
      return numberText(value)
  }
}

function numberText(value: number): string {
  return (Math.abs(value) < 10 ? fine : whole).format(value)
}

function secondsText(seconds: number): string {
  if (seconds !== 0 && Math.abs(seconds) < 1) return `${numberText(1000 * seconds)} ms`
  if (Math.abs(seconds) < 120) return `${numberText(seconds)} s`
  if (Math.abs(seconds) < 2 * 3600) return `${numberText(seconds / 60)} min`
  if (Math.abs(seconds) < 2 * 86_400) return `${numberText(seconds / 3600)} h`
  return `${numberText(seconds / 86_400)} d`
}
