import type { AttachedDisk, AttachedVif, Domain } from './domain.ts'
import type { Hypervisor } from './hypervisor.ts'

/** A part of xenstore at one moment: paths and values, sorted. Folders have the value "". */
export type Tree = ReadonlyMap<string, string>

/** What is in xenstore: the state of the domains, and what somebody wrote himself. */
export interface Xenstore {
  /** Everything at a path and below it, and what is above; of other domains nothing is there. */
  tree(top: string): Promise<Tree>
  write(path: string, value: string): void
  /** What somebody wrote himself. */
  written(path: string): string | undefined
  /** Whether it was there. */
  remove(path: string): Promise<boolean>
}

export function openXenstore(hypervisor: Hypervisor, hostname: string): Xenstore {
  const written = new Map<string, string>()
  const removed = new Set<string>()
  const below = (path: string, top: string) => path === top || path.startsWith(`${top}/`)

  async function tree(top: string): Promise<Tree> {
    const entries = new Map<string, string>([
      ['/@introduceDomain', ''],
      ['/@releaseDomain', ''],
      ['/local/domain/0/domid', '0'],
      ['/local/domain/0/name', 'Domain-0'],
      ['/tool/xenstored', hostname],
    ])
    const about = domainOf(top)
    for (const domain of hypervisor.domains())
      if (about === undefined || about === domain.id)
        for (const [path, value] of await entriesOf(domain, top)) entries.set(path, value)
    for (const [path, value] of written) entries.set(path, value)
    for (const path of entries.keys()) if ([...removed].some((top) => below(path, top))) entries.delete(path)
    for (const path of [...entries.keys()])
      for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
        if (!entries.has(path.slice(0, at))) entries.set(path.slice(0, at), '')
    return new Map([...entries].sort(([a], [b]) => compare(a.split('/'), b.split('/'))))
  }

  return {
    tree,
    write(path, value) {
      for (const top of removed) if (below(path, top)) removed.delete(top)
      written.set(path, value)
    },
    written: (path) => written.get(path),
    async remove(path) {
      const there = (await tree(path)).has(path)
      for (const each of written.keys()) if (below(each, path)) written.delete(each)
      removed.add(path)
      return there
    },
  }
}

/** The domain that a path is about, when it is about one alone. */
function domainOf(path: string): number | undefined {
  const [, id] = /^\/(?:libxl|local\/domain(?:\/0\/backend\/[^/]+)?)\/([1-9][0-9]*)(?:\/|$)/.exec(path) ?? []
  return id === undefined ? undefined : Number(id)
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++)
    if (a[at] !== b[at]) return (a[at] as string) < (b[at] as string) ? -1 : 1
  return a.length - b.length
}

async function entriesOf(domain: Domain, top: string): Promise<[path: string, value: string][]> {
  const { id, config, guest } = domain
  const home = `/local/domain/${id}`
  const up = guest.phase() === 'up'
  const entries: [string, string][] = [
    [`/libxl/${id}/dm-version`, 'qemu_xen'],
    [`/libxl/${id}/type`, config.type],
    [`/vm/${config.uuid}/name`, config.name],
    [`/vm/${config.uuid}/uuid`, config.uuid],
    [`/vm/${config.uuid}/start_time`, `${Math.floor(domain.createdAt.getTime() / 1000)}.00`],
    ...under(home, {
      domid: String(id),
      name: config.name,
      vm: `/vm/${config.uuid}`,
      attr: '',
      data: '',
      drivers: '',
      error: '',
      feature: '',
      'control/shutdown': guest.asked() ?? '',
      'control/sysrq': '',
      'control/platform-feature-multiprocessor-suspend': '1',
      'control/platform-feature-xs_reset_watches': '1',
      'device/suspend/event-channel': '',
      'memory/static-max': String(config.maxMemoryKiB),
      'memory/target': String(domain.targetKiB),
      'memory/videoram': config.type === 'hvm' ? '8192' : '0',
      'store/port': '1',
      'store/ring-ref': '523265',
    }),
    // What the guest's own drivers write.
    ...(up
      ? under(home, { 'control/feature-poweroff': '1', 'control/feature-reboot': '1', 'control/feature-suspend': '1' })
      : []),
  ]
  for (let cpu = 0; cpu < (config.maxVcpus ?? 1); cpu++)
    entries.push([`${home}/cpu/${cpu}/availability`, cpu < domain.onlineVcpus ? 'online' : 'offline'])
  entries.push(...(await consoleEntries(domain, home, top)))
  for (const disk of domain.disks) entries.push(...diskEntries(domain, disk, up))
  for (const vif of domain.vifs) entries.push(...vifEntries(domain, vif, up))
  return entries
}

async function consoleEntries(
  { id, config, console, building }: Domain,
  home: string,
  top: string,
): Promise<[string, string][]> {
  const front = { frontend: `${home}/console`, 'frontend-id': String(id), online: '1', protocol: 'vt100', state: '1' }
  const backend = `/local/domain/0/backend/console/${id}/0`
  // A terminal is made for whoever looks at it.
  const wanted = [`${home}/console/tty`, `${home}/serial/0/tty`].some((path) => path.startsWith(top))
  const tty = wanted && !building ? await console.path() : undefined
  const { vnc } = config
  return [
    ...under(`/libxl/${id}/device/console/0`, { backend, ...front }),
    ...under(backend, front),
    ...under(`${home}/console`, {
      backend,
      'backend-id': '0',
      limit: '1048576',
      output: 'pty',
      port: '2',
      'ring-ref': '523266',
      type: 'xenconsoled',
      ...(tty === undefined ? {} : { tty }),
      ...(vnc ? { 'vnc-listen': vnc.listen ?? '127.0.0.1', 'vnc-port': String(5900 + (vnc.display ?? id)) } : {}),
    }),
    ...(config.serial === 'pty' && tty !== undefined ? under(`${home}/serial/0`, { tty }) : []),
  ]
}

function diskEntries({ id }: Domain, disk: AttachedDisk, up: boolean): [string, string][] {
  const { spec, number, backend } = disk
  const frontend = `/local/domain/${id}/device/vbd/${number}`
  const home = `/local/domain/0/backend/${backend === 'phy' ? 'vbd' : 'qdisk'}/${id}/${number}`
  const facts = {
    bootable: '1',
    dev: spec.vdev,
    'device-type': spec.cdrom ? 'cdrom' : 'disk',
    'discard-enable': spec.readWrite ? '1' : '0',
    frontend,
    'frontend-id': String(id),
    mode: spec.readWrite ? 'w' : 'r',
    online: '1',
    params:
      backend === 'phy'
        ? spec.path
        : spec.path === ''
          ? 'aio:'
          : `${spec.format === 'raw' ? 'aio' : spec.format}:${spec.path}`,
    removable: spec.cdrom ? '1' : '0',
    specification: 'xen',
    state: '1',
    type: backend,
    ...(backend === 'phy' ? { script: '/usr/local/etc/xen/scripts/block' } : {}),
  }
  // blkback of FreeBSD has no discard.
  const features =
    backend === 'phy' ? { 'feature-barrier': '1', 'feature-flush-cache': '1', 'max-ring-page-order': '4' } : {}
  const connected = up && disk.connected
  return [
    ...under(`/libxl/${id}/device/vbd/${number}`, { backend: home, ...facts }),
    ...under(home, {
      ...facts,
      ...features,
      'hotplug-status': 'connected',
      info: spec.readWrite ? '0' : '4',
      'sector-size': '512',
      state: connected ? '4' : disk.connected ? '2' : '1',
      ...(backend === 'phy' ? { 'physical-device-path': spec.path } : {}),
    }),
    ...under(frontend, {
      backend: home,
      'backend-id': '0',
      'device-type': spec.cdrom ? 'cdrom' : 'disk',
      'event-channel': '8',
      'feature-persistent': '1',
      protocol: 'x86_64-abi',
      'ring-ref': '8',
      state: frontState(up, disk.connected),
      trusted: '1',
      'virtual-device': String(number),
    }),
  ]
}

function vifEntries({ id }: Domain, vif: AttachedVif, up: boolean): [string, string][] {
  const frontend = `/local/domain/${id}/device/vif/${vif.devid}`
  const home = `/local/domain/0/backend/vif/${id}/${vif.devid}`
  const facts = {
    bridge: vif.bridge,
    frontend,
    'frontend-id': String(id),
    handle: String(vif.devid),
    'hotplug-status': '',
    mac: vif.spec.mac,
    online: '1',
    script: vif.spec.script ?? '/usr/local/etc/xen/scripts/vif-bridge',
    state: '1',
    type: vif.interfaces.length > 1 ? 'vif_ioemu' : 'vif',
  }
  return [
    ...under(`/libxl/${id}/device/vif/${vif.devid}`, { backend: home, ...facts }),
    ...under(home, {
      ...facts,
      'hotplug-status': 'connected',
      state: up && vif.connected ? '4' : vif.connected ? '2' : '1',
    }),
    ...under(frontend, {
      backend: home,
      'backend-id': '0',
      'event-channel-rx': '10',
      'event-channel-tx': '9',
      'feature-gso-tcpv4': '1',
      'feature-gso-tcpv6': '1',
      'feature-ipv6-csum-offload': '1',
      'feature-rx-notify': '1',
      'feature-sg': '1',
      handle: String(vif.devid),
      mac: vif.spec.mac,
      mtu: String(vif.spec.mtu ?? 1500),
      'multi-queue-num-queues': '1',
      'request-rx-copy': '1',
      'rx-ring-ref': '523',
      state: frontState(up, vif.connected),
      trusted: '1',
      'tx-ring-ref': '522',
      'xdp-headroom': '0',
    }),
  ]
}

/** 1 before the guest looked at its device, 4 when both ends came together, 3 while it waits for the other. */
function frontState(up: boolean, connected: boolean): string {
  return !connected ? '3' : up ? '4' : '1'
}

function under(home: string, values: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(values).map(([name, value]) => [`${home}/${name}`, value])
}
