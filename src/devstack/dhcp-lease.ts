import type { DnsmasqSettings } from './dnsmasq-files.ts'

/** What a client is given. */
export interface DhcpLease {
  /** The bridge that the client asked on. */
  interface: string
  ipv4?: string
  ipv6: readonly string[]
  hostname?: string
  domain?: string
  /** By the names or numbers of the options: "router", "dns-server", "classless-static-route", "mtu". */
  options: Readonly<Record<string, readonly string[]>>
}

/** What is behind a dnsmasq of the process table. */
export interface Dnsmasq {
  settings: DnsmasqSettings
  interface: string
  /** Answers a client, known by its MAC; nothing when it gets no answer. */
  lease(mac: string): DhcpLease | undefined
}
