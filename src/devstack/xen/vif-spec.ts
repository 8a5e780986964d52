import { Refused } from '../tools/refused.ts'

/** One network interface of a guest, as its line in the configuration says it. */
export interface VifSpec {
  mac?: string
  bridge?: string
  model?: string
  type?: 'vif' | 'vif_ioemu'
  ip?: string
  name?: string
  script?: string
  mtu?: number
  rate?: { bytesPerInterval: number; intervalMicroseconds: number }
}

/** Reads an interface specification, `key=value,…`. @throws Refused, exit 1 */
export function parseVifSpec(spec: string): VifSpec {
  const vif: VifSpec = {}
  for (const word of spec.split(',').map((each) => each.trim())) {
    if (word === '') continue
    const at = word.indexOf('=')
    const [key, value] = at === -1 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
    switch (key) {
      case 'mac':
        if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value)) throw new Refused(1, `invalid MAC address \`${value}'`)
        vif.mac = value.toLowerCase()
        break
      case 'bridge':
        vif.bridge = value
        break
      case 'type':
        if (value !== 'ioemu' && value !== 'vif') throw new Refused(1, "Invalid parameter `type'.")
        vif.type = value === 'ioemu' ? 'vif_ioemu' : 'vif'
        break
      case 'model':
        vif.model = value
        break
      case 'ip':
        vif.ip = value
        break
      case 'vifname':
        vif.name = value
        break
      case 'script':
        vif.script = value
        break
      case 'mtu':
        vif.mtu = Number(value)
        break
      case 'rate':
        vif.rate = parseRate(value)
        break
      case 'backend':
      case 'devid':
      case 'gatewaydev':
      case 'vlan':
      case 'trusted':
      case 'untrusted':
        break
      case 'accel':
        break
      default:
        throw new Refused(1, `unrecognized argument \`${word}'`)
    }
  }
  return vif
}

const unitBytes: Readonly<Record<string, number>> = { '': 1, K: 1000, M: 1_000_000, G: 1_000_000_000 }
const microseconds: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 }

function parseRate(text: string): { bytesPerInterval: number; intervalMicroseconds: number } {
  const parts = /^([0-9]+)([GMK]?)([Bb])\/s(?:@([0-9]+)(us|ms|s)?)?$/.exec(text)
  if (!parts) throw new Refused(1, `vif: invalid rate \`${text}'`)
  const [, number, unit = '', kind, interval = '50', scale = 'ms'] = parts
  const bytesPerSecond = (Number(number) * (unitBytes[unit] ?? 1)) / (kind === 'b' ? 8 : 1)
  const intervalMicroseconds = Number(interval) * (microseconds[scale] ?? 1000)
  return { bytesPerInterval: Math.floor((bytesPerSecond * intervalMicroseconds) / 1_000_000), intervalMicroseconds }
}
