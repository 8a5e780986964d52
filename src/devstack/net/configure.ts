import { isIPv4 } from 'node:net'
import { Refused } from '../tools/refused.ts'
import { setStatic } from './bridge-addresses.ts'
import { configureAddress, linkLocalOf } from './configure-address.ts'
import type { Bridge, BridgeMember, Interface, Interfaces } from './interfaces.ts'
import { KernelError } from './kernel-error.ts'

/** What the words of ifconfig(8) are about to change. */
interface Changing {
  interfaces: Interfaces
  /** FreeBSD 15 tells more of an error. */
  major: number
  it: Interface
  /** The words that are left. */
  words: string[]
  family: 'inet' | 'inet6'
  /** `name` was given: ifconfig prints the name. */
  renamed: boolean
}

/**
 * Does to an interface what follows its name on the command line of ifconfig, word by word: what stands before a word that is refused was done.
 * Answers the name to print, if one is. @throws Refused
 */
export function configure(
  interfaces: Interfaces,
  name: string,
  words: readonly string[],
  major: number,
): string | undefined {
  const changing: Changing = {
    interfaces,
    major,
    it: interfaces.get(name),
    words: [...words],
    family: 'inet',
    renamed: false,
  }
  const [first] = words
  if (first === 'inet' || first === 'inet6') {
    changing.family = first
    changing.words.shift()
    if (parameters[changing.words[0] ?? ''] === undefined)
      configureAddress(changing.it, changing.family, changing.words)
  }
  for (let word = changing.words.shift(); word !== undefined; word = changing.words.shift()) {
    const known = parameters[word]
    if (known) known(changing)
    else if (isIPv4(word.split('/')[0] ?? '')) {
      changing.words.unshift(word)
      configureAddress(changing.it, changing.family, changing.words)
    } else if (!ignored.has(word)) throw new Refused(1, `ifconfig: ${word}: bad value`)
  }
  return changing.renamed ? changing.it.name : undefined
}

/** Without a meaning here. */
const ignored: ReadonlySet<string> = new Set(
  ['txcsum', 'txcsum6', 'rxcsum', 'rxcsum6', 'tso', 'lro', 'vlanhwfilter', 'link0', 'stp', 'edge', 'autoedge'].flatMap(
    (word) => [word, `-${word}`],
  ),
)

const parameters: Readonly<Record<string, (changing: Changing) => void>> = {
  up({ it }) {
    it.up = true
  },
  down({ it }) {
    it.up = false
  },
  mtu(changing) {
    const mtu = Number(value(changing, 'mtu'))
    attempt(changing, 'ioctl SIOCSIFMTU (set mtu)', () => changing.interfaces.setMtu(changing.it.name, mtu))
  },
  name(changing) {
    const to = value(changing, 'name')
    attempt(changing, 'ioctl SIOCSIFNAME (set name)', () => changing.interfaces.rename(changing.it.name, to))
    changing.renamed = true
  },
  description: describe,
  descr: describe,
  '-description': forget,
  '-descr': forget,
  group(changing) {
    const group = value(changing, 'group')
    if (/[0-9]$/.test(group)) throw new Refused(1, 'ifconfig: setifgroup: group names may not end in a digit')
    if (group.length > 15) throw new Refused(1, 'ifconfig: setifgroup: group name too long')
    changing.it.groups.add(group)
  },
  '-group': (changing) => void changing.it.groups.delete(value(changing, '-group')),
  ifdisabled({ it }) {
    it.ipv6Disabled = true
  },
  '-ifdisabled'({ it }) {
    it.ipv6Disabled = false
  },
  auto_linklocal({ it }) {
    if (it.ipv6Disabled || it.mac === undefined || it.addresses.some(({ address }) => address.startsWith('fe80:')))
      return
    it.addresses.push({ family: 'inet6', address: linkLocalOf(it.mac), prefixLength: 64 })
  },
  ether: setMac,
  lladdr: setMac,
  vlan(changing) {
    const id = Number(value(changing, 'vlan'))
    setVlan(changing, id, changing.it.vlan?.parent)
  },
  vlandev(changing) {
    const parent = value(changing, 'vlandev')
    setVlan(changing, changing.it.vlan?.id, parent)
  },
  addm(changing) {
    const member = value(changing, 'addm')
    attempt(changing, `BRDGADD ${member}`, () => changing.interfaces.addMember(changing.it.name, member))
  },
  deletem(changing) {
    const member = value(changing, 'deletem')
    attempt(changing, `BRDGDEL ${member}`, () => changing.interfaces.removeMember(changing.it.name, member))
  },
  static(changing) {
    const member = value(changing, 'static')
    const mac = value(changing, 'static')
    attempt(changing, `BRDGSADDR ${member}`, () => setStatic(bridgeOf(changing), member, mac.toLowerCase()))
  },
  deladdr(changing) {
    const mac = value(changing, 'deladdr').toLowerCase()
    attempt(changing, `BRDGDADDR ${mac}`, () => {
      if (!bridgeOf(changing).addresses.delete(mac)) throw new KernelError('ENOENT')
    })
  },
  flush(changing) {
    attempt(changing, 'BRDGFLUSH', () => {
      const { addresses } = bridgeOf(changing)
      for (const [mac, { kind }] of addresses) if (kind !== 'static') addresses.delete(mac)
    })
  },
  flushall: (changing) => attempt(changing, 'BRDGFLUSH', () => bridgeOf(changing).addresses.clear()),
  ifmaxaddr(changing) {
    const member = value(changing, 'ifmaxaddr')
    const most = value(changing, 'ifmaxaddr')
    attempt(changing, `BRDGSIFAMAX ${most}`, () => {
      const found = bridgeOf(changing).members.get(member)
      if (!found) throw new KernelError('ENOENT')
      found.maxAddresses = Number(most)
    })
  },
  ...memberFlag('private', 'isPrivate'),
  ...memberFlag('sticky', 'sticky'),
  ...memberFlag('learn', 'learn'),
  ...memberFlag('discover', 'discover'),
}

function memberFlag(word: string, flagName: Exclude<keyof BridgeMember, 'maxAddresses'>): typeof parameters {
  const flag = (on: boolean) => (changing: Changing) => {
    const name = value(changing, word)
    attempt(changing, 'unable to get bridge flags', () => {
      const member = bridgeOf(changing).members.get(name)
      if (!member) throw new KernelError('ENOENT')
      member[flagName] = on
    })
  }
  return { [word]: flag(true), [`-${word}`]: flag(false) }
}

function describe(changing: Changing): void {
  changing.it.description = value(changing, 'description')
}

function forget({ it }: Changing): void {
  it.description = undefined
}

function setMac(changing: Changing): void {
  changing.it.mac = value(changing, 'ether').toLowerCase()
}

function setVlan(changing: Changing, id: number | undefined, parent: string | undefined): void {
  const { it, interfaces, words } = changing
  // The two words come together, in either order.
  const other = words[0] === 'vlan' || words[0] === 'vlandev' ? words.splice(0, 2)[1] : undefined
  const wanted = { id: id ?? Number(other), parent: parent ?? other }
  if (wanted.parent === undefined || !(wanted.id > 0 && wanted.id < 4095))
    throw new Refused(1, 'ifconfig: must specify both vlan and vlandev')
  const { id: wantedId, parent: wantedParent } = { ...wanted, parent: wanted.parent }
  attempt(changing, 'SIOCSETVLAN', () => {
    if (it.driver !== 'vlan') throw new KernelError('EINVAL')
    if (it.vlan?.id === wantedId && it.vlan.parent === wantedParent) return
    if (it.vlan) throw new KernelError('EBUSY')
    const on = interfaces.get(wantedParent)
    if (interfaces.all().some(({ vlan }) => vlan?.id === wantedId && vlan.parent === wantedParent))
      throw new KernelError('EEXIST')
    it.vlan = { id: wantedId, parent: wantedParent }
    it.mac = on.mac
    it.mtu = on.mtu
  })
}

function bridgeOf({ it }: Changing): Bridge {
  if (!it.bridge) throw new KernelError('EINVAL')
  return it.bridge
}

function value(changing: Changing, word: string): string {
  const found = changing.words.shift()
  if (found === undefined) throw new Refused(1, `ifconfig: '${word}' requires argument`)
  return found
}

/** Does what the kernel may refuse. @throws Refused, in ifconfig's words */
function attempt({ major }: { major: number }, what: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof KernelError)) throw error
    throw new Refused(1, kernelText(what, error, major))
  }
}

/** "ifconfig: BRDGADD em0: File exists (Interface is already a member of this bridge)": the end of it since FreeBSD 15. */
export function kernelText(what: string, { message, detail }: KernelError, major: number): string {
  return `ifconfig: ${what}: ${message}${detail !== undefined && major >= 15 ? ` (${detail})` : ''}`
}
