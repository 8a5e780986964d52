import { writeFile } from 'node:fs/promises'
import type { Daemons, SimulatedDaemon } from './daemons.ts'
import type { Dnsmasq } from './dhcp-lease.ts'
import { type DnsmasqHost, type DnsmasqSettings, readHosts } from './dnsmasq-files.ts'
import type { Interfaces } from './net/interfaces.ts'
import { Refused } from './tools/refused.ts'

/**
 * Starts dnsmasq as a daemon. It binds what it is told to, writes its pid file, and reads whom it serves, again at each HUP. An address that it gave to one
 * client it keeps from every other as long as it runs.
 * @throws Refused with the words of dnsmasq when an address is not there, or taken
 */
export async function startDnsmasq(
  settings: DnsmasqSettings,
  command: string,
  { daemons, interfaces }: { daemons: Daemons; interfaces: Interfaces },
): Promise<SimulatedDaemon> {
  const hostsFile = settings.get('dhcp-hostsfile')?.[0]
  let hosts: readonly DnsmasqHost[] = await readHosts(hostsFile)
  const given = new Map<string, string>()
  const on = boundInterface(settings, interfaces)
  for (const { dnsmasq } of daemons.all())
    if (dnsmasq && dnsmasq.interface === on.name && !isWithoutDns(settings) && !isWithoutDns(dnsmasq.settings))
      throw new Refused(2, '', `dnsmasq: failed to create listening socket for ${on.address}: Address already in use`)

  const options: Record<string, string[]> = {}
  for (const text of [...(settings.get('dhcp-option') ?? []), ...(settings.get('dhcp-option-force') ?? [])]) {
    const [name = '', ...values] = text.split(',')
    if (values.length > 0) options[name.replace(/^option:/, '')] = values
  }

  const dnsmasq: Dnsmasq = {
    settings,
    interface: on.name,
    lease(mac) {
      const host = hosts.find(({ client }) => client === mac)
      const free = host?.addresses.filter((address) => (given.get(address) ?? mac) === mac)
      const ipv4 = free?.find((address) => !address.includes(':'))
      if (!host || !free || free.length === 0) return undefined
      for (const address of free) given.set(address, mac)
      const domain = settings.get('domain')?.[0]
      return {
        interface: on.name,
        ...(ipv4 === undefined ? {} : { ipv4 }),
        ipv6: free.filter((address) => address.includes(':')),
        ...(host.name === undefined ? {} : { hostname: host.name }),
        ...(domain === undefined ? {} : { domain }),
        options,
      }
    },
  }
  const daemon = daemons.start({
    command,
    dnsmasq,
    async heed(signal) {
      if (signal === 'HUP') hosts = await readHosts(hostsFile)
    },
  })
  const pidFile = settings.get('pid-file')?.[0]
  if (pidFile !== undefined) await writeFile(pidFile, `${daemon.pid}\n`)
  return daemon
}

function isWithoutDns(settings: DnsmasqSettings): boolean {
  return settings.get('port')?.[0] === '0'
}

/** @throws Refused when the interface, or the address, is not there */
function boundInterface(settings: DnsmasqSettings, interfaces: Interfaces): { name: string; address: string } {
  const name = settings.get('interface')?.[0]
  if (name !== undefined) {
    const found = interfaces.find(name)
    if (!found) throw new Refused(2, '', `dnsmasq: unknown interface ${name}`)
    return { name, address: found.addresses[0]?.address ?? '' }
  }
  const address = settings.get('listen-address')?.[0] ?? ''
  const holder = interfaces.all().find(({ addresses }) => addresses.some((one) => one.address === address))
  if (!holder)
    throw new Refused(
      2,
      '',
      `dnsmasq: failed to create listening socket for ${address}: Can't assign requested address`,
    )
  return { name: holder.name, address }
}
