import { parseAddress } from '../../rules/address.ts'
import type { Machine } from '../machine.ts'
import type { Neighbour } from '../pf/neighbours.ts'
import { prints, refuses, type Said } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** arp(8): `-an`, for people or (`--libxo json`) for programs; `-d HOST`, `-d -a`; `-s HOST MAC [temp]`. */
export const arp: SimulatedTool = ({ arguments: words }, machine) => {
  const json = words.some((word, at) => word === '--libxo=json' || (word === '--libxo' && words[at + 1] === 'json'))
  const plain = words.filter((word, at) => !word.startsWith('--libxo') && words[at - 1] !== '--libxo')
  const letters = plain.filter((word) => word.startsWith('-')).join('')
  const [host, mac, ...more] = plain.filter((word) => !word.startsWith('-'))
  if (letters.includes('d')) return remove(machine, letters.includes('a') ? undefined : host)
  if (letters.includes('s')) return add(machine, host, mac, more.includes('temp'))
  if (!letters.includes('a') && host === undefined) return refuses(1, ...usage)
  const shown = entries(machine).filter(({ address }) => letters.includes('a') || address === host)
  if (shown.length === 0 && host !== undefined) return refuses(1, `${host} (${host}) -- no entry`)
  return json ? prints(JSON.stringify(document(shown))) : prints(...shown.map(line))
}

/** The host's own addresses stand there for good. */
function entries({ interfaces, pf }: Machine): Neighbour[] {
  const own = interfaces
    .all()
    .flatMap(({ name, mac, addresses }) =>
      mac === undefined
        ? []
        : addresses.filter(({ family }) => family === 'inet').map(({ address }) => ({ address, mac, interface: name })),
    )
  return [...own, ...pf.neighbours.known()]
}

function remove({ pf }: Machine, host: string | undefined): Said {
  if (host === undefined) {
    for (const { address } of pf.neighbours.known()) pf.neighbours.forget(address)
    return prints()
  }
  return pf.neighbours.forget(host)
    ? prints(`${host} (${host}) deleted`)
    : refuses(1, `arp: delete: cannot locate ${host}`)
}

function add({ interfaces, pf }: Machine, host: string | undefined, mac: string | undefined, temporary: boolean): Said {
  const address = parseAddress(host ?? '')
  if (host === undefined || mac === undefined || address?.family !== 4) return refuses(1, ...usage)
  if (!/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(mac)) return refuses(1, `arp: invalid link-level address '${mac}'`)
  const on = interfaces.all().find(({ mac: own, addresses }) =>
    addresses.some(({ address: text, prefixLength }) => {
      const base = parseAddress(text)
      const shift = BigInt(32 - prefixLength)
      return own !== undefined && base?.family === 4 && base.value >> shift === address.value >> shift
    }),
  )
  if (!on) return refuses(1, `arp: cannot intuit interface index and type for ${host}`)
  pf.neighbours.forget(host)
  pf.neighbours.learn(host, mac.toLowerCase(), on.name, !temporary)
  return prints()
}

function line({ address, mac, interface: on, expires }: Neighbour): string {
  const life = expires === undefined ? 'permanent' : `expires in ${expires} seconds`
  return `? (${address}) at ${mac} on ${on} ${life} [ethernet]`
}

function document(shown: readonly Neighbour[]) {
  const cache = shown.map(({ address, mac, interface: on, expires }) => ({
    hostname: '?',
    'ip-address': address,
    'mac-address': mac,
    interface: on,
    ...(expires === undefined ? { permanent: true } : { expires }),
    type: 'ethernet',
  }))
  return { __version: '1', arp: { 'arp-cache': cache } }
}

const usage = [
  'usage: arp [-n] [-i interface] hostname',
  '       arp [-n] [-i interface] -a',
  '       arp -d hostname [pub]',
  '       arp -d [-i interface] -a',
  '       arp -s hostname ether_addr [temp] [reject | blackhole] [pub [only]]',
]
