import { join } from 'node:path'
import { readTextIfThere } from '../platform/files.ts'
import type { NetworkVariables } from './net/boot-network.ts'
import { read } from './rc/rc-conf.ts'
import { rcConfFiles } from './rc/rc-files.ts'

/** What the files of a host make of the machine when it boots. */
export interface BootSettings {
  /** Whether the loader starts Xen, and its command line. */
  xen: { present: boolean; commandLine: string }
  /** Beside those that are in the kernel. */
  modules: string[]
  /** The lines of sysctl.conf. */
  sysctls: Map<string, string>
  /** Made by rc.d/netif. */
  clonedInterfaces: string[]
  /** The variables of rc.conf about interfaces and routes; undefined when there are none. */
  network?: NetworkVariables
}

/** What rc.d/routing sets. */
const gatewayVariables = {
  gateway_enable: 'net.inet.ip.forwarding',
  ipv6_gateway_enable: 'net.inet6.ip6.forwarding',
} as const

/** Reads /boot/loader.conf, /etc/sysctl.conf, and what rc.conf says of the network. */
export async function readBootSettings(root: string): Promise<BootSettings> {
  const loader = (await readTextIfThere(join(root, 'boot/loader.conf'))) ?? ''
  const sysctlLines = ((await readTextIfThere(join(root, 'etc/sysctl.conf'))) ?? '').split('\n')
  const rcConf = (await Promise.all(rcConfFiles(root).map(readTextIfThere))).map((text) => text ?? '').join('\n')
  const clonedInterfaces = (read(rcConf, 'cloned_interfaces') ?? '').split(/\s+/).filter((name) => name !== '')
  const networkNames = rcConf.matchAll(/^\s*((?:ifconfig|create_args)_\w+|(?:ipv6_)?defaultrouter)=/gm)
  const network = new Map([...networkNames].map(([, name = '']) => [name, read(rcConf, name) ?? '']))
  const loaded = [...loader.matchAll(/^\s*(\w+)_load=/gm)].map(([, name = '']) => name)
  return {
    xen: { present: read(loader, 'xen_kernel') !== undefined, commandLine: read(loader, 'xen_cmdline') ?? '' },
    modules: [
      ...loaded.filter((name) => read(loader, `${name}_load`)?.toUpperCase() === 'YES'),
      // ifconfig loads it for the first bridge.
      ...(clonedInterfaces.some((name) => name.startsWith('bridge')) ? ['if_bridge'] : []),
    ],
    sysctls: new Map([
      ...Object.entries(gatewayVariables).flatMap(([variable, sysctl]): [string, string][] =>
        read(rcConf, variable)?.toUpperCase() === 'YES' ? [[sysctl, '1']] : [],
      ),
      ...sysctlLines.flatMap((line): [string, string][] => {
        const [, name, value] = /^\s*([\w.]+)\s*=\s*"?([^"#]*?)"?\s*(?:#.*)?$/.exec(line) ?? []
        return name === undefined ? [] : [[name, value ?? '']]
      }),
    ]),
    clonedInterfaces,
    ...(network.size > 0 ? { network } : {}),
  }
}
