import { join } from 'node:path'
import { readTextIfThere } from '../platform/files.ts'
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
  bridges: string[]
}

/** Reads /boot/loader.conf, /etc/sysctl.conf, and the bridges that rc.conf names. */
export async function readBootSettings(root: string): Promise<BootSettings> {
  const loader = (await readTextIfThere(join(root, 'boot/loader.conf'))) ?? ''
  const sysctlLines = ((await readTextIfThere(join(root, 'etc/sysctl.conf'))) ?? '').split('\n')
  let interfaces = ''
  for (const file of rcConfFiles(root))
    interfaces = read((await readTextIfThere(file)) ?? '', 'cloned_interfaces') ?? interfaces
  const bridges = interfaces.split(/\s+/).filter((name) => name.startsWith('bridge'))
  const loaded = [...loader.matchAll(/^\s*(\w+)_load=/gm)].map(([, name = '']) => name)
  return {
    xen: { present: read(loader, 'xen_kernel') !== undefined, commandLine: read(loader, 'xen_cmdline') ?? '' },
    modules: [
      ...loaded.filter((name) => read(loader, `${name}_load`)?.toUpperCase() === 'YES'),
      // ifconfig loads it for the first bridge.
      ...(bridges.length > 0 ? ['if_bridge'] : []),
    ],
    sysctls: new Map(
      sysctlLines.flatMap((line): [string, string][] => {
        const [, name, value] = /^\s*([\w.]+)\s*=\s*"?([^"#]*?)"?\s*(?:#.*)?$/.exec(line) ?? []
        return name === undefined ? [] : [[name, value ?? '']]
      }),
    ),
    bridges,
  }
}
