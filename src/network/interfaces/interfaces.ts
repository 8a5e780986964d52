import type { DesiredNetworks } from '../../contract/network.ts'
import type { NetworkConfig } from '../../contract/network-config.ts'
import type { Exec } from '../../platform/exec.ts'
import type { Log } from '../../platform/log.ts'
import { parseAddress } from '../../rules/address.ts'
import type { HostFacts } from '../../rules/host-facts.ts'
import { isPortGroup, portsGroup } from '../../rules/names.ts'
import type { NetworkPaths } from '../paths.ts'
import type { Found } from './found.ts'
import { lookAtHost } from './look.ts'
import { openOwnAddresses } from './own-addresses.ts'
import { planInterfaces } from './plan.ts'
import { portFiles, writePortFiles } from './port-files.ts'
import { filterLocal } from './settings.ts'
import type { Step } from './step.ts'

/** Bridges, VLANs, addresses, the kernel's settings, and what vif-slipway has to know. */
export interface Interfaces {
  /** What the host has. Changes nothing. @throws AppError command-failed | command-timeout */
  look(): Promise<Found>
  /** What of the host the rules depend on. @throws AppError command-failed | command-timeout | config-invalid */
  facts(): Promise<HostFacts>
  /**
   * Brings the host to these networks, and answers what could not be done, a sentence each. Called again, it does what is left; killed anywhere, the
   * next call ends the same. To undo networks is to apply the former ones.
   * @throws AppError command-failed | command-timeout (nothing can be found out) | storage-full | config-invalid
   */
  apply(networks: DesiredNetworks): Promise<string[]>
  /** Whether an interface of an instance is on this host, wanted or not. @throws AppError command-failed | command-timeout */
  hasPorts(): Promise<boolean>
  /** The group of the port that an interface is of, as the last look found it; "" when it is of none, undefined when there is no such interface. */
  portOf(name: string): string | undefined
}

export interface InterfacesOptions {
  exec: Exec
  config: Pick<NetworkConfig, 'egress' | 'trunk' | 'metadata'>
  paths: Pick<NetworkPaths, 'interfaces' | 'ports'>
  log: Log
}

const timeoutMs = 10_000

export function openInterfaces({ exec, config, paths, log }: InterfacesOptions): Interfaces {
  const ownAddresses = openOwnAddresses(paths.interfaces)
  let unreadLines = 0
  let ports: ReadonlyMap<string, string> = new Map()

  async function look(): Promise<Found> {
    const found = await lookAtHost(exec, config)
    if (found.unreadLines > unreadLines) log.warn({ lines: found.unreadLines }, 'ifconfig says what nobody can read')
    unreadLines = found.unreadLines
    ports = new Map(found.interfaces.map(({ name, groups }) => [name, groups.find(isPortGroup) ?? '']))
    return found
  }

  /** Answers why it failed; undefined when it did not. */
  async function take({ argv, reason }: Step): Promise<string | undefined> {
    const command = argv.join(' ')
    const { exitCode, stderr, stdout } = await exec(argv, { timeoutMs }).catch((error: Error) => ({
      exitCode: -1,
      stdout: '',
      stderr: error.message,
    }))
    log.info({ command, reason, exitCode }, 'the host was changed')
    if (exitCode === 0) return undefined
    return `${command}: ${(stderr.trim() || stdout.trim() || `exit code ${exitCode}`).slice(0, 300)}`
  }

  return {
    look,

    async facts() {
      const found = await look()
      const own = await ownAddresses.read()
      const outside = found.interfaces.find(({ name }) => name === found.egress)
      const isOwn = (address: string) => own.some((it) => it.interface === outside?.name && it.address === address)
      const first = (family: 4 | 6) =>
        outside?.addresses.find(
          ({ address }) => parseAddress(address)?.family === family && !address.startsWith('fe80:') && !isOwn(address),
        )?.address
      const [ipv4, ipv6] = [first(4), first(6)]
      return {
        ...(outside
          ? { egress: { interface: outside.name, ...(ipv4 ? { ipv4 } : {}), ...(ipv6 ? { ipv6 } : {}) } }
          : {}),
        filterLocal: found.settings[filterLocal] === '1',
        ...(config.metadata ? { metadata: config.metadata } : {}),
      }
    },

    async apply(networks) {
      await writePortFiles(paths.ports, portFiles(networks))
      const own = await ownAddresses.read()
      const plan = planInterfaces(networks, await look(), own, config)
      if (plan.steps.length === 0) {
        await ownAddresses.write(plan.ours)
        return plan.problems
      }
      await ownAddresses.write(plan.remembered)
      const failures: string[] = []
      for (const step of plan.steps) {
        const failure = await take(step)
        if (failure !== undefined) failures.push(failure)
      }
      // What failed because it was done already is no failure: the host decides.
      const left = planInterfaces(networks, await look(), await ownAddresses.read(), config)
      await ownAddresses.write(left.ours)
      if (left.steps.length === 0) return left.problems
      const why =
        failures.length > 0
          ? failures
          : left.steps.map(({ argv, reason }) => `${reason}; ${argv.join(' ')} ended well and changed nothing`)
      return [...left.problems, ...why]
    },

    async hasPorts() {
      return (await look()).interfaces.some(({ groups }) => groups.includes(portsGroup))
    },

    portOf: (name) => ports.get(name),
  }
}
