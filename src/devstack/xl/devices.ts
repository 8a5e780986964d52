import { Refused } from '../tools/refused.ts'
import { prints, refuses, type Said } from '../tools/said.ts'
import { diskJson, vifJson } from '../xen/config-json.ts'
import { chooseBackend, connectDisk } from '../xen/devices.ts'
import { deviceNumber, parseDiskSpec } from '../xen/disk-spec.ts'
import type { Domain } from '../xen/domain.ts'
import { withMac } from '../xen/domain-config.ts'
import { ranMs } from '../xen/guest-load.ts'
import { libxlJson } from '../xen/json-text.ts'
import { libxlError } from '../xen/libxl-errors.ts'
import { parseVifSpec } from '../xen/vif-spec.ts'
import { connectVif, disconnectVif } from '../xen/vifs.ts'
import { domainOf, options, type XlCall, type XlCommand } from './command.ts'

const missing = (domid: number) => new Refused(1, `Domain ${domid} does not exist.`)

/** The listings say nothing of a number that no domain has. A name that nobody has ends one with 1; the other goes on, and exits with 0. */
function listing(call: XlCall, heading: string, atUnknown: 'go on' | 'end', rows: (domain: Domain) => string[]): Said {
  const { hypervisor } = call.machine
  const lines = [heading]
  let stderr = ''
  for (const word of options(call, '', 1).words) {
    const isNumber = /^[0-9]+$/.test(word)
    const domain = isNumber ? hypervisor.byId(Number(word)) : hypervisor.byName(word)
    if (domain) lines.push(...rows(domain))
    else if (isNumber) continue
    else if (atUnknown === 'go on') stderr += `${word} is an invalid domain identifier\n`
    else
      return {
        exitCode: 1,
        stdout: prints(...lines).stdout,
        stderr: `${word} is an invalid domain identifier (rc=-6)\n`,
      }
  }
  return { ...prints(...lines), stderr }
}

/** 4: both ends of a device have come together. */
function stateOf({ guest }: Domain, connected: boolean): number {
  return !connected ? 3 : guest.phase() === 'up' ? 4 : 1
}

/** `xl block-list DOMAIN…` */
export const blockList: XlCommand = (call) =>
  listing(call, `Vdev  BE  handle state evt-ch ring-ref ${'BE-path'.padEnd(30)}`, 'go on', (domain) =>
    domain.disks.map(({ number, backend, connected }, at) => {
      const path = `/local/domain/0/backend/${backend === 'phy' ? 'vbd' : 'qdisk'}/${domain.id}/${number}`
      const cells = [
        String(number).padEnd(5),
        '0'.padEnd(3),
        String(domain.id).padEnd(6),
        String(stateOf(domain, connected)).padEnd(5),
      ]
      return `${cells.join(' ')} ${String(8 + 3 * at).padEnd(6)} ${String(8 + at).padEnd(8)} ${path.padEnd(30)}`
    }),
  )

/** `xl network-list DOMAIN…` */
export const networkList: XlCommand = (call) =>
  listing(
    call,
    `Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref ${'BE-path'.padEnd(30)}`,
    'end',
    (domain) =>
      domain.vifs.map(({ devid, spec, connected }) => {
        const numbers = `${String(devid).padStart(6)} ${String(stateOf(domain, connected)).padStart(5)} ${'-1'.padStart(6)}`
        const rings = `${String(522 + 2 * devid).padStart(5)}/${String(523 + 2 * devid).padEnd(11)}`
        return `${String(devid).padEnd(3)} ${'0'.padEnd(2)} ${spec.mac}${numbers} ${rings} /local/domain/0/backend/vif/${domain.id}/${devid}`
      }),
  )

/** `xl block-attach DOMAIN SPEC…` */
export const blockAttach: XlCommand = async (call) => {
  const [word = '', ...specs] = options(call, '', 2).words
  const spec = parseDiskSpec(specs, 'command line')
  if (call.dryRun) return prints(`disk: ${libxlJson(diskJson(spec))}`)
  const domain = domainOf(call.machine, word, missing)
  const failed = (...lines: string[]) => refuses(1, ...lines, 'libxl_device_disk_add failed.')
  const disk = await chooseBackend(spec)
  if (typeof disk === 'string') return failed(disk)
  if (domain.disks.some(({ number }) => number === disk.number))
    return failed(libxlError('libxl_disk.c:315:device_disk_add', domain.id, 'device already exists in xenstore'))
  const problem = await connectDisk(domain.id, disk)
  if (problem) return failed(problem[0] as string)
  domain.disks.push({ ...disk, attachedAtMs: ranMs(domain, call.machine.clock.now()) })
  domain.config = { ...domain.config, disks: [...domain.config.disks, spec] }
  return prints()
}

/** `xl block-detach DOMAIN VDEV [--force]` */
export const blockDetach: XlCommand = (call) => {
  const [word = '', vdev = ''] = options(call, '', 2).words
  const domain = domainOf(call.machine, word, missing)
  const number = /^[0-9]+$/.test(vdev) ? Number(vdev) : deviceNumber(vdev)
  const at = domain.disks.findIndex((each) => each.number === number)
  if (at === -1) return refuses(1, `Error: Device ${vdev} not connected.`)
  // A guest that does not answer keeps its disk, unless it is taken from it.
  if (domain.guest.deaf && !call.words.includes('--force'))
    return refuses(
      1,
      libxlError(
        'libxl_device.c:1111:device_backend_callback',
        domain.id,
        `unable to remove device with path /local/domain/0/backend/vbd/${domain.id}/${number}`,
      ),
      'libxl_device_disk_remove failed.',
    )
  const [removed] = domain.disks.splice(at, 1)
  domain.config = { ...domain.config, disks: domain.config.disks.filter((spec) => spec !== removed?.spec) }
  return prints()
}

/** `xl network-attach DOMAIN key=value…` */
export const networkAttach: XlCommand = async (call) => {
  const [word = '', ...specs] = options(call, '', 1).words
  const spec = parseVifSpec(specs.join(','))
  if (call.dryRun) return prints(`vif: ${libxlJson(vifJson(spec))}`)
  const domain = domainOf(call.machine, word, missing)
  const devid = Math.max(-1, ...domain.vifs.map((vif) => vif.devid)) + 1
  const vif = withMac(spec)
  const problem = await connectVif(call.machine.hypervisor.backplane, domain, devid, vif, false)
  if (problem) return refuses(1, ...problem, 'libxl_device_nic_add failed.')
  domain.config = { ...domain.config, vifs: [...domain.config.vifs, vif] }
  return prints()
}

/** `xl network-detach DOMAIN DEVID|MAC` */
export const networkDetach: XlCommand = async (call) => {
  const [word = '', device = ''] = options(call, '', 2).words
  const domain = domainOf(call.machine, word, missing)
  const removed = domain.vifs.find(({ devid, spec }) => String(devid) === device || spec.mac === device.toLowerCase())
  if (!removed) return refuses(1, `Unknown device ${device}.`)
  await disconnectVif(call.machine.hypervisor.backplane, domain, removed)
  domain.config = { ...domain.config, vifs: domain.config.vifs.filter((spec) => spec !== removed.spec) }
  return prints()
}
