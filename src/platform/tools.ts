import { join } from 'node:path'

/** Where the programs that we run are on FreeBSD: the one table. A configuration overrides it elsewhere. */
export const freebsdTools = {
  arp: '/usr/sbin/arp',
  dnsmasq: '/usr/local/sbin/dnsmasq',
  'freebsd-version': '/bin/freebsd-version',
  ifconfig: '/sbin/ifconfig',
  iostat: '/usr/sbin/iostat',
  kill: '/bin/kill',
  kldstat: '/sbin/kldstat',
  netstat: '/usr/bin/netstat',
  pfctl: '/sbin/pfctl',
  ps: '/bin/ps',
  route: '/sbin/route',
  service: '/usr/sbin/service',
  sysctl: '/sbin/sysctl',
  sysrc: '/usr/sbin/sysrc',
  uname: '/usr/bin/uname',
  'xenstore-ls': '/usr/local/bin/xenstore-ls',
  'xenstore-read': '/usr/local/bin/xenstore-read',
  xl: '/usr/local/sbin/xl',
  zfs: '/sbin/zfs',
  zpool: '/sbin/zpool',
} as const

export type Tool = keyof typeof freebsdTools
export type ToolPaths = Readonly<Record<Tool, string>>

/** The table below `root` (`/` on a real host). An override is taken as it is. */
export function toolPaths(root: string, overrides: Readonly<Record<string, string>> = {}): ToolPaths {
  const entries = Object.entries(freebsdTools).map(([tool, path]) => [tool, overrides[tool] ?? join(root, path)])
  return Object.fromEntries(entries) as ToolPaths
}
