import type { MetricFamily } from '../../monitor/samples.ts'
import { instanceLabels, instancesByDomid, livingGuests, portOf, type SampleFacts } from './facts.ts'
import { type Column, families } from './families.ts'
import type { Counters, InterfaceCounters } from './netstat-output.ts'

/** An interface of a guest, as the guest sees it: what the host received from it, the guest sent. */
export interface GuestTraffic {
  domid: number
  /** Counted from 0 in its guest. */
  devid: number
  /** The host's end: "xnb7.0". */
  name: string
  received: Counters
  sent: Counters
}

/** Those of the host's interfaces that are guests'. An HVM guest has used its emulated card before it had a driver for the other. */
export function guestTraffic(interfaces: readonly InterfaceCounters[]): GuestTraffic[] {
  const found = new Map<string, GuestTraffic>()
  for (const { name, received, sent } of interfaces) {
    const [, own, domid, devid] = /^(xnb(\d+)\.(\d+))(?:-emu)?$/.exec(name) ?? []
    if (own === undefined) continue
    const other = found.get(own)
    found.set(own, {
      domid: Number(domid),
      devid: Number(devid),
      name: own,
      received: other ? sum(other.received, sent) : sent,
      sent: other ? sum(other.sent, received) : received,
    })
  }
  return [...found.values()]
}

function sum(one: Counters, other: Counters): Counters {
  return {
    bytes: one.bytes + other.bytes,
    packets: one.packets + other.packets,
    errors: one.errors + other.errors,
    drops: one.drops === undefined || other.drops === undefined ? undefined : one.drops + other.drops,
  }
}

const measures = ['bytes', 'packets', 'errors', 'drops'] as const
const words = { bytes: 'Bytes', packets: 'Packets', errors: 'Errors', drops: 'Packets dropped' }

/** Received and sent, by the four measures: `<prefix>_receive_bytes_total` and its like. */
function columns(prefix: string, what: string): Column<GuestTraffic>[] {
  return (['received', 'sent'] as const).flatMap((way) =>
    measures.map((measure): Column<GuestTraffic> => {
      const direction = way === 'received' ? 'receive' : 'transmit'
      const verb =
        measure === 'bytes' || measure === 'packets' ? `that ${what} has ${way}` : `at what ${what} has ${way}`
      const help = `${words[measure]} ${verb}.`
      return ['counter', `${prefix}_${direction}_${measure}_total`, help, (traffic) => traffic[way][measure]]
    }),
  )
}

/** Traffic of instances, and under the names of xentop and of libvirt. */
export function interfaceSamples(traffic: readonly GuestTraffic[], facts: SampleFacts): MetricFamily[] {
  const instances = instancesByDomid(facts)
  const guests = livingGuests(facts)
  const ours = traffic.flatMap((it) => {
    const instance = instances.get(it.domid)
    return instance ? [{ it, instance }] : []
  })
  return [
    ...families(
      ours.flatMap(({ it, instance }) => {
        const port = portOf(instance, it.name)
        return port ? [[{ ...instanceLabels(instance), network: port.network, port: port.id }, it] as const] : []
      }),
      columns('slipway_instance', 'an instance'),
    ),
    ...families(
      ours.map(({ it, instance }) => [{ domain: instance.name, target_device: it.name }, it] as const),
      columns('libvirt_domain_interface_stats', 'a domain'),
    ),
    ...families(
      traffic.flatMap((it) => {
        const guest = guests.get(it.domid)
        return guest ? [[{ dom: guest.name, nic: String(it.devid) }, it] as const] : []
      }),
      columns('xen_net', 'a guest').filter(([, name]) => name.includes('_bytes_')),
    ),
  ]
}
