import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder, readTextIfThere, replaceFile, replaceLink } from '../platform/files.ts'
import type { MachineFacts, MachineTimes, XenFacts } from './machine.ts'
import { ordinaryXen } from './open-machine.ts'
import { programFile } from './program-file.ts'
import { assign } from './rc/rc-conf.ts'
import { shimSocket } from './shim-protocol.ts'
import { simulatedTools } from './tools/table.ts'

export interface HostFolderOptions {
  name: string
  /** What `freebsd-version` prints. */
  release: string
  architecture: 'amd64' | 'arm64'
  zfs: string | null
  /** What is not ordinary about its hypervisor; how long things take on it; the size of its pool. */
  xen?: Partial<XenFacts>
  times?: Partial<MachineTimes>
  poolBytes?: number
  /** Whether its guests talk by themselves. */
  traffic?: boolean
  /** FreeBSD as it is installed: nothing is there that `slipway host prepare` writes, and it does not boot under Xen. */
  bare?: boolean
  /** Lines of agent.yaml that an administrator put there before install.sh ran. */
  agentSettings: string
  /** The address of the server, which agent.yaml gets when it names another: the devstack's moves when its port is taken. */
  server?: string
}

/**
 * Lays a simulated host out below `root`, the short path of its folder:
 *
 *     .simulator/                machine.json and the socket: what no host has
 *     boot/loader.conf           Xen and the modules, as etc/sysctl.conf and etc/rc.conf have the rest of what a dom0 needs
 *     etc/rc.conf                host name, and `--root` for the programs of Slipway
 *     etc/pf.conf                rules that let everything through, and the calls of our anchors
 *     etc/rc.subr                the simulator's own
 *     usr/local/etc/slipway/     network.yaml, without a metadata service
 *     usr/local/bin/node         a link to the Node that runs this
 *     dev/zvol/…                 a link for each volume, to its bytes in .simulator/zfs
 *     sbin/… usr/sbin/… bin/…    one shim for every simulated program
 *
 * What belongs to the simulator is written each time; what belongs to the host stays as it was.
 */
export async function prepareHostFolder(root: string, options: HostFolderOptions): Promise<void> {
  for (const folder of [
    '.simulator',
    'boot',
    'usr/local/bin',
    'usr/local/etc/rc.d',
    'usr/local/etc/slipway',
    'var/log/xen',
    'var/run',
  ])
    await makeFolder(join(root, folder))
  const { name, release, architecture, zfs, xen, times, poolBytes, traffic, bare } = options
  const facts: MachineFacts = {
    hostname: name,
    release,
    architecture,
    zfs,
    hostuuid: randomUUID(),
    ...(xen ? { xen } : {}),
    ...(times ? { times } : {}),
    ...(poolBytes === undefined ? {} : { poolBytes }),
    ...(traffic === undefined ? {} : { traffic }),
  }
  await writeOnce(join(root, '.simulator/machine.json'), `${JSON.stringify(facts, null, 2)}\n`)
  await writeOnce(join(root, 'etc/defaults/rc.conf'), 'rcshutdown_timeout="90"\nlocal_startup="/usr/local/etc/rc.d"\n')
  const prepared = bare
    ? ''
    : ['xencommons', 'pf', 'gateway', 'ipv6_gateway'].map((each) => `${each}_enable="YES"\n`).join('')
  await writeOnce(join(root, 'etc/rc.conf'), `hostname="${name}"\ncloned_interfaces="bridge0"\n${prepared}`)
  if (!bare) {
    await writeOnce(join(root, 'boot/loader.conf'), loaderConf(xen?.commandLine ?? ordinaryXen.commandLine))
    await writeOnce(join(root, 'etc/sysctl.conf'), sysctlConf)
    await writeOnce(join(root, 'etc/pf.conf'), pfConf)
  }
  await writeOnce(join(root, 'usr/local/etc/rc.d/xencommons'), xencommons, 0o755)
  await writeOnce(join(root, 'usr/local/etc/slipway/network.yaml'), networkSettings)
  if (options.agentSettings !== '')
    await writeOnce(join(root, 'usr/local/etc/slipway/agent.yaml'), options.agentSettings)
  if (options.server !== undefined) await moveServer(join(root, 'usr/local/etc/slipway/agent.yaml'), options.server)

  const rcConf = join(root, 'etc/rc.conf')
  let text = (await readTextIfThere(rcConf)) ?? ''
  for (const program of ['agent', 'compute', 'network'])
    text = assign(text, `slipway_${program}_args`, `--root ${root}`)
  await replaceFile(rcConf, text)
  await replaceFile(join(root, 'etc/rc.subr'), await readFile(join(import.meta.dirname, 'rc/rc.subr')))
  await replaceLink(join(root, 'usr/local/bin/node'), process.execPath)

  await writeOnce(join(root, 'usr/local/share/edk2-xen/XEN_X64_EFI.fd'), 'firmware\n')

  await Promise.all(Object.keys(simulatedTools).map((path) => writeShim(root, path)))
}

const sysctlConf = `vm.max_user_wired=-1
net.link.bridge.pfil_member=1
net.link.bridge.pfil_local_phys=1
net.link.bridge.pfil_bridge=0
net.pf.filter_local=1
`

const pfConf = `set keepcounters
set loginterface em0
nat-anchor "org.openstack/*"
rdr-anchor "org.openstack/*"
binat-anchor "org.openstack/*"
anchor "org.openstack/*"
pass
`

/** Several hosts share the addresses of one machine, and guests that are simulated ask for nothing. */
const networkSettings = `# 169.254.169.254 is no address of the machine that this host is simulated on
metadata: false
`

function loaderConf(commandLine: string): string {
  return `xen_kernel="/boot/xen"
xen_cmdline="${commandLine}"
if_tuntap_load="YES"
if_bridge_load="YES"
`
}

/** The service of the package xen-tools. What it starts is in the simulator. */
const xencommons = `#!/bin/sh
# PROVIDE: xencommons
# REQUIRE: DAEMON

. /etc/rc.subr

name=xencommons
rcvar=xencommons_enable
start_cmd=:
stop_cmd=:
status_cmd="echo xencommons are running."

load_rc_config $name
run_rc_command "$1"
`

async function writeShim(root: string, path: string): Promise<void> {
  const words = [process.execPath, programFile('shim'), join(root, shimSocket), path].map(quote)
  const text = `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`
  if ((await readTextIfThere(join(root, path))) === text) return
  await makeFolder(dirname(join(root, path)))
  await replaceFile(join(root, path), text, { mode: 0o755 })
}

async function writeOnce(path: string, text: string, mode = 0o644): Promise<void> {
  if ((await readTextIfThere(path)) !== undefined) return
  await makeFolder(dirname(path))
  await replaceFile(path, text, { mode })
}

async function moveServer(agentConfig: string, server: string): Promise<void> {
  const text = await readTextIfThere(agentConfig)
  const moved = text?.replace(/^server: .*$/m, `server: ${server}`)
  if (moved !== undefined && moved !== text) await replaceFile(agentConfig, moved)
}

/** A word for sh. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
