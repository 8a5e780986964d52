import type { Collector } from '../../monitor/collector.ts'
import type { PfCounters } from '../pf/counters.ts'
import type { InterfaceCounters } from '../pf/interface-counters.ts'
import { counter, rowsOf } from './families.ts'

export interface InterfacesCollectorOptions {
  pf: Pick<PfCounters, 'interfaces'>
  /** The port that an interface is of, by its one name on this host; "" when it is of none, undefined when no such interface is known. */
  portOf(name: string): string | undefined
}

/** What PF passed and blocked on each interface. A guest's has another name after each of its starts: `port` is the same. */
export function interfacesCollector({ pf, portOf }: InterfacesCollectorOptions): Collector {
  return {
    name: 'interfaces',
    async collect() {
      const counts = (await pf.interfaces()).flatMap(({ name, counts: all }) => {
        const port = portOf(name) ?? (isInterface(name, all) ? '' : undefined)
        if (port === undefined) return []
        return all.map(({ direction, family, action, packets, bytes }) => ({
          labels: { interface: name, direction, af: family, action, port },
          packets,
          bytes,
        }))
      })
      return [
        counter(
          'pf_interface_packets_total',
          'Packets that PF saw on an interface.',
          rowsOf(counts, ({ packets }) => packets),
        ),
        counter(
          'pf_interface_bytes_total',
          'Bytes that PF saw on an interface.',
          rowsOf(counts, ({ bytes }) => bytes),
        ),
      ]
    },
  }
}

/** PF lists groups too, for which it counts nothing. No group's name ends in a digit; an interface may have been renamed so. */
function isInterface(name: string, counts: InterfaceCounters['counts']): boolean {
  return /\d$/.test(name) || counts.some(({ packets }) => packets > 0)
}
