import { parseAddress } from '../../rules/address.ts'
import { configure } from './configure.ts'
import type { Interface, Interfaces } from './interfaces.ts'
import type { DefaultRoute, Routes } from './routes.ts'

/** The variables of rc.conf that are about the network. */
export type NetworkVariables = ReadonlyMap<string, string>

/** What a machine has whose rc.conf says nothing: "host3" is 192.0.2.13, and each has another address. */
export function ordinaryNetwork(hostname: string): NetworkVariables {
  const number = Number(/[0-9]+$/.exec(hostname)?.[0] ?? 0) % 100
  return new Map([
    ['ifconfig_em0', `inet 192.0.2.${10 + number}/24`],
    ['defaultrouter', '192.0.2.1'],
  ])
}

/**
 * Sets the network up as rc.d/netif and rc.d/routing do: `cloned_interfaces` with `create_args_…`, `ifconfig_…` with its aliases and `_ipv6`,
 * `defaultrouter` and `ipv6_defaultrouter`. What ifconfig refuses is left out, as at a boot.
 */
export function bootNetwork(
  interfaces: Interfaces,
  variables: NetworkVariables,
  clones: readonly string[],
  major: number,
): Routes {
  const set = (name: string, words: string) => {
    try {
      configure(interfaces, name, words.split(/\s+/).filter(Boolean), major)
    } catch {
      // It stands on the console of a real host, and the boot goes on.
    }
  }
  for (const name of clones) {
    const cloned = /^(bridge|vlan|epair|tap)[0-9]+$|\.[0-9]+$/.test(name)
    const made = interfaces.create(cloned ? name : 'bridge')
    if (!cloned) interfaces.rename(made.name, name)
    set(made.name, variables.get(`create_args_${name}`) ?? '')
  }
  for (const { name } of interfaces.all()) {
    const variable = `ifconfig_${name.replaceAll(/[.-]/g, '_')}`
    const lines = [variables.get(variable), variables.get(`${variable}_ipv6`)]
    for (let at = 0; variables.has(`${variable}_alias${at}`); at++)
      lines.push(`${variables.get(`${variable}_alias${at}`)} alias`)
    for (const line of lines) if (line !== undefined) set(name, line.replace(/^(up|SYNCDHCP|DHCP)\s*/, ''))
    if (lines[0] !== undefined) interfaces.get(name).up = true
  }
  return {
    inet: routeBy(interfaces, variables.get('defaultrouter')),
    inet6: routeBy(interfaces, variables.get('ipv6_defaultrouter')),
  }
}

/** A gateway is reached by the interface on whose network it is. */
function routeBy(interfaces: Interfaces, gateway: string | undefined): DefaultRoute | undefined {
  if (gateway === undefined || gateway === '' || gateway === 'NO') return undefined
  const by = interfaces.all().find((it) => isOnLink(it, gateway))
  return by && { gateway, interface: by.name }
}

function isOnLink({ addresses }: Interface, gateway: string): boolean {
  const wanted = parseAddress(gateway)
  return addresses.some(({ address, prefixLength }) => {
    const own = parseAddress(address)
    if (!wanted || own?.family !== wanted.family) return false
    const shift = BigInt((own.family === 4 ? 32 : 128) - prefixLength)
    return own.value >> shift === wanted.value >> shift
  })
}
