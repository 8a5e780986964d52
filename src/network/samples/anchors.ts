import type { Collector } from '../../monitor/collector.ts'
import type { SampleRow } from '../../monitor/samples.ts'
import { macOfAnchor } from '../../rules/names.ts'
import type { Guard, GuardedAnchor, RulesInForce } from '../guard.ts'
import { gauge } from './families.ts'

/** What the daemon knows of the anchors that it gave to PF: whose they are, in words. No process is started. */
export function anchorsCollector(guard: Pick<Guard, 'anchors' | 'inForce'>): Collector {
  return {
    name: 'anchors',
    async collect() {
      const inForce = guard.inForce()
      const anchors = [...guard.anchors()]
      return [
        gauge('pf_anchor_info', 'Whose an anchor is; always 1.', anchorInfo(anchors, inForce)),
        gauge(
          'pf_anchor_last_load_timestamp_seconds',
          'When the rules of an anchor were loaded, in seconds since 1970.',
          anchors.flatMap(([path, { loadedAt }]) =>
            loadedAt === undefined ? [] : [{ labels: { anchor: path }, value: Date.parse(loadedAt) / 1000 }],
          ),
        ),
        gauge(
          'pf_anchor_drift',
          'Whether somebody else changed an anchor in the last minute; it is put back at once.',
          anchors.map(([path, { drifted }]) => ({ labels: { anchor: path }, value: Number(drifted) })),
        ),
      ]
    },
  }
}

/** The generation is the one that the anchor was loaded for: an anchor that nothing changed keeps its series. */
function anchorInfo(anchors: readonly [string, GuardedAnchor][], inForce: RulesInForce | undefined): SampleRow[] {
  const names = new Map(inForce?.networks.instances.map(({ id, name }) => [id, name]))
  const ports = new Map(inForce?.networks.ports.map(({ mac, instance }) => [mac.replaceAll(':', ''), instance]))
  return anchors.map(([path, { generation }]) => {
    const mac = macOfAnchor(path.split('/').at(-1) ?? '')
    const instance = mac === undefined ? undefined : ports.get(mac)
    return {
      labels: {
        anchor: path,
        owner_kind: mac === undefined ? 'host' : 'port',
        owner: instance === undefined ? '' : (names.get(instance) ?? instance),
        owner_uuid: instance ?? '',
        generation: generation === undefined ? '' : String(generation),
      },
      value: 1,
    }
  })
}
