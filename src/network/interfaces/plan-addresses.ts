import type { DesiredNetworks } from '../../contract/network.ts'
import type { NetworkConfig } from '../../contract/network-config.ts'
import { addressText, parseAddress } from '../../rules/address.ts'
import type { Found, FoundInterface } from './found.ts'
import type { OwnAddress } from './own-addresses.ts'
import { ownGroup } from './plan-bridges.ts'
import { ifconfig, type Step } from './step.ts'

export interface WantedAddress extends OwnAddress {
  prefixLength: number
  reason: string
}

export interface AddressesPlan {
  /** Come first: an address that moves is never on two interfaces. */
  removals: Step[]
  additions: Step[]
  problems: string[]
  /** To be written down before the steps: what is ours, what is about to be among it. */
  remembered: OwnAddress[]
}

export interface AddressesOptions {
  found: Found
  own: readonly OwnAddress[]
  config: Pick<NetworkConfig, 'metadata'>
  /** The bridges that there will be. */
  usable: ReadonlySet<string>
}

/**
 * Which addresses of this host to add and which to remove. What somebody else put on an interface stays there, and is as good as ours when it is what
 * is wanted; a bridge of our own has only what is wanted.
 */
export function planAddresses(desired: DesiredNetworks, options: AddressesOptions): AddressesPlan {
  const { found, own } = options
  const { wanted, problems } = wantedAddresses(desired, options)
  const isOurs = ({ name, groups }: FoundInterface, address: string) =>
    groups.includes(ownGroup) || own.some((each) => isSame(each, { interface: name, address }))
  const removals = found.interfaces.flatMap((it) =>
    it.addresses
      .map((each) => canonical(each.address))
      .filter((address) => !address.startsWith('fe80:') && isOurs(it, address))
      .filter((address) => !wanted.some((each) => isSame(each, { interface: it.name, address })))
      .map((address) => change('-alias', { interface: it.name, address }, 'nobody needs it any more')),
  )
  const missing = wanted.filter(({ interface: name, address, prefixLength }) => {
    const it = found.interfaces.find((each) => each.name === name)
    const there = it?.addresses.find((each) => canonical(each.address) === address)
    return !it || !there || (there.prefixLength !== prefixLength && isOurs(it, address))
  })
  return {
    removals,
    additions: missing.map((each) => change('alias', each, each.reason)),
    problems,
    remembered: remember(own, missing),
  }
}

/** What is still ours of what was remembered: it is wanted, or it is there. */
export function stillOurs(desired: DesiredNetworks, options: AddressesOptions): OwnAddress[] {
  const { wanted } = wantedAddresses(desired, options)
  return options.own.filter(
    (each) =>
      wanted.some((it) => isSame(it, each)) ||
      options.found.interfaces.some(
        ({ name, addresses }) =>
          name === each.interface && addresses.some(({ address }) => canonical(address) === each.address),
      ),
  )
}

function wantedAddresses(
  { networks, floatingIps }: DesiredNetworks,
  { found, config, usable }: AddressesOptions,
): { wanted: WantedAddress[]; problems: string[] } {
  const wanted: WantedAddress[] = []
  for (const { bridge, name, ipv4, ipv6 } of networks)
    for (const served of [ipv4, ipv6])
      if (served?.host !== undefined && usable.has(bridge))
        wanted.push({
          interface: bridge,
          address: canonical(served.host),
          prefixLength: Number(served.range.split('/')[1]),
          reason: `it is this host's on ${name}`,
        })
  if (networks.length > 0 && config.metadata)
    wanted.push({
      interface: 'lo0',
      address: config.metadata.address,
      prefixLength: 32,
      reason: 'instances ask it what they are',
    })
  const aliases = floatingIps.filter(({ routed }) => !routed)
  if (aliases.length > 0 && found.egress === undefined)
    return {
      wanted,
      problems: [
        `this host has no default route, so nobody reaches its floating IPs (${aliases.map(({ address }) => address).join(', ')}): name the outside interface in network.yaml (egress)`,
      ],
    }
  for (const { address, name } of aliases)
    wanted.push({
      interface: found.egress as string,
      address: canonical(address),
      prefixLength: 32,
      reason: `it is the floating IP ${name}`,
    })
  return { wanted, problems: [] }
}

function remember(own: readonly OwnAddress[], added: readonly OwnAddress[]): OwnAddress[] {
  const fresh = added.filter((each) => !own.some((it) => isSame(it, each)))
  return [...own, ...fresh.map(({ interface: name, address }) => ({ interface: name, address }))]
}

function change(how: 'alias' | '-alias', it: OwnAddress & { prefixLength?: number }, why: string): Step {
  const { interface: name, address, prefixLength } = it
  const family = address.includes(':') ? 'inet6' : 'inet'
  const reason = how === 'alias' ? `${name} has not ${address} yet: ${why}` : `${name} has ${address}: ${why}`
  return ifconfig(reason, name, family, prefixLength === undefined ? address : `${address}/${prefixLength}`, how)
}

function isSame(a: OwnAddress, b: OwnAddress): boolean {
  return a.interface === b.interface && a.address === b.address
}

function canonical(text: string): string {
  const address = parseAddress(text)
  return address ? addressText(address) : text
}
