import type { Machine } from '../machine.ts'
import { diskLoad } from '../xen/guest-load.ts'

/** What sysctl tells below `dev.xbbd` of the disks that the kernel serves to guests, in its order. */
export function backendSysctls({ hypervisor, clock }: Machine): ReadonlyMap<string, string> {
  const units = hypervisor.servedDisks()
  const entries: [name: string, value: string][] = []
  for (const [unit, { domain, disk }] of units) {
    const { reads, writes } = diskLoad(domain, disk, clock.now())
    const requests = String(reads + writes)
    const up = domain.guest.phase() === 'up' && disk.connected
    const values = {
      ring_pages: '1',
      max_request_size: '131072',
      max_request_segments: '33',
      max_requests: '32',
      request_shortages: '0',
      kva_shortages: '0',
      total_dispatch: requests,
      normal_dispatch: requests,
      forced_dispatch: '0',
      reqs_completed_with_error: '0',
      reqs_queued_for_completion: '0',
      reqs_completed: requests,
      reqs_received: requests,
      no_coalesce_reqs: '0',
      flush_interval: '0',
      disable_flush: '0',
      xenstore_peer_path: `/local/domain/${domain.id}/device/vbd/${disk.number}`,
      xenbus_peer_domid: String(domain.id),
      xenbus_connection_state: up ? 'Connected' : 'InitWait',
      xenbus_dev_type: 'vbd',
      xenstore_path: `backend/vbd/${domain.id}/${disk.number}`,
      '%parent': 'xenbusb_back0',
      '%pnpinfo': '',
      '%location': '',
      '%driver': 'xbbd',
      '%desc': 'Backend Virtual Block Device',
    }
    for (const [name, value] of Object.entries(values)) entries.push([`dev.xbbd.${unit}.${name}`, value])
  }
  return new Map(units.size === 0 ? [] : [...entries, ['dev.xbbd.%parent', '']])
}
