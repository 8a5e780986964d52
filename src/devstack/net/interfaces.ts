import { createHash } from 'node:crypto'
import { KernelError } from './kernel-error.ts'

/** The drivers of interfaces that a simulated machine knows; `em` is its card. */
const drivers = ['em', 'lo', 'bridge', 'vlan', 'epair', 'tap', 'xnb'] as const
export type Driver = (typeof drivers)[number]

/** Those whose interfaces `ifconfig NAME create` makes and `destroy` removes. */
const cloned: ReadonlySet<Driver> = new Set(['bridge', 'vlan', 'epair', 'tap'])

export interface InterfaceAddress {
  family: 'inet' | 'inet6'
  /** "10.0.0.1", "fe80::1" */
  address: string
  prefixLength: number
}

export interface BridgeMember {
  /** Frames between two private members are dropped. */
  isPrivate: boolean
  /** What it learns here stays here. */
  sticky: boolean
  learn: boolean
  discover: boolean
  /** How many addresses may be behind it; 0: any number. */
  maxAddresses: number
}

/** Where a bridge sends the frames for an address. */
export interface BridgeAddress {
  member: string
  kind: 'dynamic' | 'static' | 'sticky'
}

export interface Bridge {
  members: Map<string, BridgeMember>
  /** By MAC. */
  addresses: Map<string, BridgeAddress>
}

/** An interface of a simulated machine. */
export interface Interface {
  name: string
  readonly driver: Driver
  readonly index: number
  up: boolean
  mtu: number
  /** Absent on lo0. */
  mac: string | undefined
  description: string | undefined
  /** In the order of joining; PF takes them for names of interfaces. */
  readonly groups: Set<string>
  readonly addresses: InterfaceAddress[]
  /** No IPv6 here, until it is told otherwise. */
  ipv6Disabled: boolean
  /** Of a bridge alone. */
  readonly bridge: Bridge | undefined
  /** Of a VLAN alone; without a parent it carries nothing. */
  vlan: { id: number; parent: string } | undefined
  /** The other end of an epair. */
  readonly peer: string | undefined
}

/** The interfaces of a machine, as its kernel has them: what ifconfig shows and changes, and PF looks at. */
export interface Interfaces {
  /** In the order in which they were made. */
  all(): readonly Interface[]
  find(name: string): Interface | undefined
  /** @throws KernelError ENXIO */
  get(name: string): Interface
  /** The names of those in a group. */
  inGroup(group: string): readonly string[]
  /** The bridge that an interface is in. */
  bridgeOf(member: string): Interface | undefined
  /**
   * Makes one. `word`: "bridge7", "em0.42", or "bridge", which is given the next number.
   * Of an epair it makes both ends, and answers the first. @throws KernelError EEXIST | EINVAL
   */
  create(word: string): Interface
  /** Plugs in the host's end of a guest's interface: "xnb3.0", or "xnb3.0-emu", a tap. @throws KernelError EEXIST */
  plug(name: string, driver: 'xnb' | 'tap'): Interface
  /** Takes an interface away, out of its bridge, with its end and its VLANs; nothing there is fine. */
  unplug(name: string): void
  /** What `ifconfig NAME destroy` may. @throws KernelError EINVAL (no such thing can be destroyed) */
  destroy(name: string): void
  /** @throws KernelError EEXIST | EINVAL (the name is longer than 15 characters, or empty) */
  rename(name: string, to: string): void
  /** @throws KernelError EINVAL | ENOENT | EEXIST (it is in this bridge) | EBUSY (it is in another) */
  addMember(bridge: string, member: string): void
  /** @throws KernelError EINVAL | ENOENT */
  removeMember(bridge: string, member: string): void
  /** @throws KernelError EINVAL | EOPNOTSUPP (a member of a bridge has the MTU of its bridge) */
  setMtu(name: string, mtu: number): void
}

export interface InterfacesOptions {
  /** The kernel derives MACs from it. */
  hostuuid: string
}

/** The interfaces of a machine that was just switched on: its card and its loopback. */
export function openInterfaces({ hostuuid }: InterfacesOptions): Interfaces {
  const interfaces = new Map<string, Interface>()
  let nextIndex = 1

  const get = (name: string): Interface => {
    const found = interfaces.get(name)
    if (!found) throw new KernelError('ENXIO')
    return found
  }
  const bridgeOf = (member: string) => [...interfaces.values()].find(({ bridge }) => bridge?.members.has(member))

  /** @throws KernelError EINVAL: an interface that is no bridge does not know such a request */
  const bridgeAt = (name: string): Bridge => {
    const { bridge } = get(name)
    if (!bridge) throw new KernelError('EINVAL')
    return bridge
  }

  function add(name: string, driver: Driver, more: { mac?: string; peer?: string; mtu?: number } = {}): Interface {
    if (interfaces.has(name)) throw new KernelError('EEXIST')
    const made: Interface = {
      name,
      driver,
      index: nextIndex++,
      up: false,
      mtu: more.mtu ?? (driver === 'lo' ? 16_384 : 1500),
      mac: driver === 'lo' ? undefined : (more.mac ?? ownMac(hostuuid, name)),
      description: undefined,
      groups: new Set(driver === 'em' ? [] : [driver]),
      addresses: [],
      ipv6Disabled: driver !== 'lo',
      bridge: driver === 'bridge' ? { members: new Map(), addresses: new Map() } : undefined,
      vlan: undefined,
      peer: more.peer,
    }
    interfaces.set(name, made)
    return made
  }

  function create(word: string): Interface {
    const [, parent, id] = /^(.+)\.([0-9]+)$/.exec(word) ?? []
    if (parent !== undefined && interfaces.get(parent)?.mac !== undefined) {
      const made = add(word, 'vlan', { mac: get(parent).mac as string, mtu: get(parent).mtu })
      made.vlan = { id: Number(id), parent }
      return made
    }
    const [, driver = '', unit = ''] = /^([a-z]+)([0-9]*)$/.exec(word) ?? []
    if (!cloned.has(driver as Driver)) throw new KernelError('EINVAL')
    if (driver !== 'epair') return add(unit === '' ? free(driver) : word, driver as Driver)
    const stem = unit === '' ? free(driver, 'a').slice(0, -1) : word
    const first = add(`${stem}a`, 'epair', { peer: `${stem}b` })
    add(`${stem}b`, 'epair', { peer: `${stem}a` })
    return first
  }

  function free(driver: string, end = ''): string {
    for (let unit = 0; ; unit++) if (!interfaces.has(`${driver}${unit}${end}`)) return `${driver}${unit}${end}`
  }

  function unplug(name: string): void {
    const gone = interfaces.get(name)
    if (!gone) return
    interfaces.delete(name)
    for (const { bridge } of interfaces.values()) if (bridge) leave(bridge, name)
    if (gone.peer !== undefined) unplug(gone.peer)
    for (const each of interfaces.values()) if (each.vlan?.parent === name) each.vlan = undefined
  }

  function leave(bridge: Bridge, member: string): void {
    bridge.members.delete(member)
    for (const [mac, at] of bridge.addresses) if (at.member === member) bridge.addresses.delete(mac)
  }

  for (const [name, driver] of [
    ['em0', 'em'],
    ['lo0', 'lo'],
  ] as const)
    add(name, driver).up = true
  get('lo0').addresses.push(
    { family: 'inet', address: '127.0.0.1', prefixLength: 8 },
    { family: 'inet6', address: '::1', prefixLength: 128 },
  )

  return {
    all: () => [...interfaces.values()],
    find: (name) => interfaces.get(name),
    get,
    inGroup: (group) => [...interfaces.values()].filter(({ groups }) => groups.has(group)).map(({ name }) => name),
    bridgeOf,
    create,
    plug: (name, driver) => add(name, driver),
    unplug,
    destroy(name) {
      if (!cloned.has(get(name).driver)) throw new KernelError('EINVAL')
      unplug(name)
    },
    rename(name, to) {
      const renamed = get(name)
      if (to === '' || to.length > 15) throw new KernelError('EINVAL')
      if (interfaces.has(to)) throw new KernelError('EEXIST')
      interfaces.delete(name)
      renamed.name = to
      interfaces.set(to, renamed)
      for (const each of interfaces.values()) {
        if (each.vlan?.parent === name) each.vlan.parent = to
        const member = each.bridge?.members.get(name)
        if (!each.bridge || !member) continue
        each.bridge.members.delete(name)
        each.bridge.members.set(to, member)
        for (const at of each.bridge.addresses.values()) if (at.member === name) at.member = to
      }
    },
    addMember(bridgeName, member) {
      const { members } = bridgeAt(bridgeName)
      const joining = interfaces.get(member)
      if (!joining) throw new KernelError('ENOENT')
      if (members.has(member)) throw new KernelError('EEXIST', 'Interface is already a member of this bridge')
      if (bridgeOf(member)) throw new KernelError('EBUSY', 'Interface is already a member of another bridge')
      // A bridge in a bridge, or lo0 in one.
      if (joining.bridge || joining.driver === 'lo') throw new KernelError('EINVAL')
      // The first member gives the bridge its MTU, the bridge gives it to the others.
      if (members.size === 0) get(bridgeName).mtu = joining.mtu
      else joining.mtu = get(bridgeName).mtu
      members.set(member, { isPrivate: false, sticky: false, learn: true, discover: true, maxAddresses: 0 })
    },
    removeMember(bridgeName, member) {
      const bridge = bridgeAt(bridgeName)
      if (!bridge.members.has(member)) throw new KernelError('ENOENT')
      leave(bridge, member)
    },
    setMtu(name, mtu) {
      const changed = get(name)
      if (!(mtu >= 72 && mtu <= 65_535)) throw new KernelError('EINVAL')
      if (bridgeOf(name)) throw new KernelError('EOPNOTSUPP')
      if (changed.vlan && mtu > get(changed.vlan.parent).mtu) throw new KernelError('EINVAL')
      changed.mtu = mtu
      for (const member of changed.bridge?.members.keys() ?? []) get(member).mtu = mtu
    },
  }
}

/** The same for one name on one host, whenever it is made. 58:9c:fc is FreeBSD's. */
function ownMac(hostuuid: string, name: string): string {
  const hex = createHash('sha256').update(`${hostuuid} ${name}`).digest('hex')
  return `58:9c:fc:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`
}
