import { addressText, parseAddress } from '../../rules/address.ts'
import type { Machine } from '../machine.ts'
import type { Interface, InterfaceAddress } from '../net/interfaces.ts'
import { flow } from '../pf/traffic.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** netstat(1), for programs only (`--libxo json`): `-i` with `-b -n -d -W -I INTERFACE`, and `-r`. */
export const netstat: SimulatedTool = ({ arguments: words }, machine) => {
  const at = words.indexOf('-I')
  const name = at === -1 ? undefined : (words[at + 1] ?? '')
  const letters = words.filter((word, place) => /^-[a-zA-Z]+$/.test(word) && place !== at).join('')
  if (!/--libxo[= ]json/.test(words.join(' '))) return refuses(1, 'netstat: the simulator answers --libxo json only')
  if (letters.includes('r')) return prints(JSON.stringify({ statistics: routes(machine) }))
  if (!letters.includes('i') && name === undefined) return refuses(1, 'netstat: the simulator knows -i and -r only')
  flow(machine)
  const shown = machine.interfaces.all().filter((it) => name === undefined || it.name === name)
  const link = shown.flatMap((it) => [linkEntry(machine, it), ...it.addresses.map((own) => addressEntry(it, own))])
  const text = JSON.stringify({ statistics: { interface: link } })
  // `-d` writes one key twice into one object: drops of what came in, and then of what went out.
  return prints(
    letters.includes('d') ? text.replaceAll('"collisions":0}', '"collisions":0,"dropped-packets":0}') : text,
  )
}

/** What PF has seen on it has gone over it, but for what it did not let out; and what went out without PF. */
function linkEntry({ pf }: Machine, it: Interface) {
  const counts = [...pf.kernel.interfaceStats.of(it.name), ...pf.unseen.of(it.name)]
  const sum = (which: RegExp, what: 'packets' | 'bytes') =>
    counts.reduce((total, [name, count]) => total + (which.test(name) ? count[what] : 0), 0)
  return {
    name: it.name,
    flags: flagsOf(it),
    mtu: it.mtu,
    network: `<Link#${it.index}>`,
    address: it.mac ?? it.name,
    'received-packets': sum(/^In/, 'packets'),
    'received-errors': 0,
    'dropped-packets': 0,
    'received-bytes': sum(/^In/, 'bytes'),
    'sent-packets': sum(/^Out.*Pass$/, 'packets'),
    'send-errors': 0,
    'sent-bytes': sum(/^Out.*Pass$/, 'bytes'),
    collisions: 0,
  }
}

function addressEntry(it: Interface, own: InterfaceAddress) {
  return {
    name: it.name,
    flags: flagsOf(it),
    network: networkOf(own),
    address: own.address,
    'received-packets': 0,
    'received-bytes': 0,
    'sent-packets': 0,
    'sent-bytes': 0,
  }
}

function flagsOf({ driver, up }: Interface): string {
  return driver === 'lo' ? '0x8049' : up ? '0x8843' : '0x8802'
}

function networkOf({ address, prefixLength }: InterfaceAddress): string {
  const own = parseAddress(address)
  if (!own) return address
  const size = 1n << BigInt((own.family === 4 ? 32 : 128) - prefixLength)
  return `${addressText({ family: own.family, value: (own.value / size) * size })}/${prefixLength}`
}

function routes({ interfaces, routes: defaults }: Machine) {
  const families = [
    ['Internet', 'inet', defaults.inet],
    ['Internet6', 'inet6', defaults.inet6],
  ] as const
  return {
    'route-information': {
      'route-table': {
        'rt-family': families.map(([name, family, route]) => ({
          'address-family': name,
          'rt-entry': [
            ...(route ? [entry('default', route.gateway, 'UGS', route.interface)] : []),
            ...interfaces
              .all()
              .flatMap((it) => it.addresses.filter((own) => own.family === family).map((own) => connected(it, own))),
          ],
        })),
      },
    },
  }
}

function connected(it: Interface, own: InterfaceAddress) {
  const isHost = own.prefixLength === (own.family === 'inet' ? 32 : 128)
  return isHost ? entry(own.address, it.name, 'UH', it.name) : entry(networkOf(own), `link#${it.index}`, 'U', it.name)
}

function entry(destination: string, gateway: string, flags: string, on: string) {
  return { destination, gateway, flags, 'interface-name': on }
}
