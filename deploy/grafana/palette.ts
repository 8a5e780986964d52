import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard'

/** Of Okabe and Ito: who confuses red and green tells these apart, on light and on dark. A number or a word always says the same. */
export const palette = {
  good: '#0072B2',
  fair: '#56B4E9',
  warn: '#E69F00',
  bad: '#D55E00',
  other: '#CC79A7',
  quiet: '#999999',
} as const

/** What a number is from a limit on. Below the first it is `good`. */
export interface Limits {
  warn?: number
  bad?: number
}

/** Higher is worse. */
export function thresholds({ warn, bad }: Limits): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([
      { value: null, color: palette.good },
      ...(warn === undefined ? [] : [{ value: warn, color: palette.warn }]),
      ...(bad === undefined ? [] : [{ value: bad, color: palette.bad }]),
    ])
}

/** Lower is worse: below `bad` it is bad, below `warn` to be watched. */
export function floors({ warn, bad }: Limits): ThresholdsConfigBuilder {
  const [low, middle] = bad === undefined ? [palette.warn, palette.good] : [palette.bad, palette.warn]
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([
      { value: null, color: low },
      ...(bad === undefined ? [] : [{ value: bad, color: warn === undefined ? palette.good : middle }]),
      ...(warn === undefined ? [] : [{ value: warn, color: palette.good }]),
    ])
}
