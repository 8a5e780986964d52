import type { RestartPolicy } from '../contract/instance.ts'
import type { InstanceRecord } from './record.ts'

/** Running this long makes up for every end before. */
const quietMs = 10 * 60_000
const firstDelayMs = 1000
const longestDelayMs = 5 * 60_000

export type End = 'poweroff' | 'crash'

/** What a record becomes when its domain has ended by itself. Asked twice about one domain, it counts once. */
export function afterEnd(
  record: InstanceRecord,
  { domid, how, policy }: { domid: number; how: End; policy: RestartPolicy },
  now: Date,
): InstanceRecord {
  if (record.lastFailure?.domid === domid) return record
  const again = policy === 'always' || (policy === 'on-failure' && how === 'crash')
  const { shutdown, ...rest } = record
  return {
    ...rest,
    ...afterFailure(rest, how === 'crash' ? 'it crashed' : 'it shut itself down', now, domid),
    ...(again
      ? { restarts: record.restarts + 1 }
      : { held: how === 'crash' ? ('crashed' as const) : ('stopped' as const) }),
  }
}

/** What a record becomes when a start has failed, or a domain has ended. */
export function afterFailure(record: InstanceRecord, what: string, now: Date, domid?: number): InstanceRecord {
  const ran = record.domain && domid !== undefined ? now.getTime() - Date.parse(record.domain.since) : 0
  return {
    ...record,
    failures: ran >= quietMs ? 1 : record.failures + 1,
    lastFailure: { at: now.toISOString(), what: what.slice(0, 400), ...(domid === undefined ? {} : { domid }) },
  }
}

/** When the next start may be tried: one second after the first failure in a row, then twice as long each time, up to five minutes. */
export function notBefore({ failures, lastFailure }: InstanceRecord): Date | undefined {
  if (!lastFailure || failures === 0) return undefined
  const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failures - 1, 20))
  return new Date(Date.parse(lastFailure.at) + delay)
}
