import { AppError } from '../../contract/errors.ts'
import type { NetworkConfig } from '../../contract/network-config.ts'
import { type Exec, execOk } from '../../platform/exec.ts'
import { type Found, isEmulated } from './found.ts'
import { interfaceQuery, readInterfaces, readMacs } from './interface-output.ts'
import { settingNames } from './settings.ts'

const timeoutMs = 10_000

/** Looks at the host: a few commands, none of which changes anything. @throws AppError command-failed | command-timeout */
export async function lookAtHost(exec: Exec, config: Pick<NetworkConfig, 'egress'>): Promise<Found> {
  const { stdout } = await execOk(exec, interfaceQuery, { timeoutMs })
  const { interfaces, unreadLines } = readInterfaces(stdout)
  if (interfaces.length === 0)
    throw new AppError('command-failed', `${interfaceQuery.join(' ')} told of no interface: ${stdout.slice(0, 200)}`)
  const bridges = interfaces.filter(({ members }) => members?.some(({ name }) => isEmulated(name)))
  for (const bridge of bridges)
    bridge.macs = readMacs((await exec(['ifconfig', bridge.name, 'addr'], { timeoutMs })).stdout)
  return {
    interfaces,
    unreadLines,
    egress: config.egress ?? (await defaultRoute(exec)),
    settings: await readSettings(exec),
  }
}

/** The interface of the default route, IPv4's before IPv6's; undefined when there is none. */
async function defaultRoute(exec: Exec): Promise<string | undefined> {
  for (const family of ['-4', '-6']) {
    const { exitCode, stdout } = await exec(['route', '-n', family, 'get', 'default'], { timeoutMs })
    const [, name] = /^\s*interface: (\S+)$/m.exec(stdout) ?? []
    if (exitCode === 0 && name !== undefined) return name
  }
  return undefined
}

/** With `-e` each line says whose value it is: of a name that the kernel does not know there is none. */
async function readSettings(exec: Exec): Promise<Record<string, string>> {
  const { stdout } = await exec(['sysctl', '-e', ...settingNames], { timeoutMs })
  return Object.fromEntries(
    stdout.split('\n').flatMap((line) => {
      const [, name, value] = /^([\w.]+)=(.*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value]]
    }),
  )
}
