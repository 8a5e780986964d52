import { isIPv4, isIPv6 } from 'node:net'
import { Refused } from '../tools/refused.ts'
import type { Interface } from './interfaces.ts'
import { KernelError } from './kernel-error.ts'

/** `inet 10.0.0.1/24 [netmask M] [broadcast B] [alias | -alias]`: without a word the address replaces the first one. Takes its words off the line. */
export function configureAddress(it: Interface, family: 'inet' | 'inet6', words: string[]): void {
  const text = words.shift() ?? ''
  const [address = '', length] = text.split('/')
  const plain = address.split('%')[0] ?? ''
  if (family === 'inet' ? !isIPv4(plain) : !isIPv6(plain)) throw new Refused(1, `ifconfig: ${text}: bad value`)
  let prefixLength = length === undefined ? (family === 'inet' ? 24 : 64) : Number(length)
  let how: 'replace' | 'alias' | 'remove' = family === 'inet' ? 'replace' : 'alias'
  for (let word = words[0]; word !== undefined; word = words[0]) {
    if (word === 'netmask') prefixLength = lengthOfMask(words[1] ?? '')
    else if (word === 'prefixlen') prefixLength = Number(words[1])
    else if (word === 'alias' || word === 'add') how = 'alias'
    else if (word === '-alias' || word === 'delete' || word === 'remove') how = 'remove'
    else if (word !== 'broadcast' && word !== 'no_dad') break
    words.splice(0, word === 'netmask' || word === 'prefixlen' || word === 'broadcast' ? 2 : 1)
  }
  const at = it.addresses.findIndex((each) => each.address === plain)
  if (how === 'remove') {
    if (at === -1) throw new Refused(1, `ifconfig: ioctl (SIOCDIFADDR): ${new KernelError('EADDRNOTAVAIL').message}`)
    it.addresses.splice(at, 1)
    return
  }
  if (at !== -1) it.addresses.splice(at, 1)
  else if (how === 'replace') {
    const first = it.addresses.findIndex((each) => each.family === family)
    if (first !== -1) it.addresses.splice(first, 1)
  }
  it.addresses.push({ family, address: plain, prefixLength })
  it.up = true
}

/** RFC 4291, appendix A. */
export function linkLocalOf(mac: string): string {
  const [first = 0, second = 0, third = 0, ...rest] = mac.split(':').map((part) => Number.parseInt(part, 16))
  const bytes = [first ^ 2, second, third, 0xff, 0xfe, ...rest]
  const groups = [0, 2, 4, 6].map((at) => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16))
  return `fe80::${groups.join(':')}`
}

/** "255.255.255.0", "0xffffff00" */
function lengthOfMask(mask: string): number {
  const bits = mask.startsWith('0x') ? Number(mask) : mask.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return bits.toString(2).replaceAll('0', '').length
}
