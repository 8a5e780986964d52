import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { onTestFinished, vi } from 'vitest'
import type { DesiredNetworks, DesiredPort } from '../../../src/contract/network.ts'
import { NetworkStatus } from '../../../src/contract/network-status.ts'
import { obey } from '../../../src/devstack/orders.ts'
import { type PacketOrder, sendPacket } from '../../../src/devstack/pf/send-packet.ts'
import { runNetwork } from '../../../src/network/network.ts'
import { replaceFile } from '../../../src/platform/files.ts'
import { openHttp } from '../../../src/platform/http.ts'
import { netsGroup, portGroup, portsGroup } from '../../../src/rules/names.ts'
import { type ManualClock, manualClock } from '../../devstack/manual-clock.ts'
import { openSimulatedPf, type SimulatedPf } from './simulated-pf.ts'

/** The network daemon in this process, on a simulated machine in this process, with a clock that stands until it is moved. */
export interface NetworkHost extends SimulatedPf {
  clock: ManualClock
  start(): void
  /** Ends the daemon, as a kill would: what it was doing goes no further. */
  stop(): Promise<void>
  /** What the agent writes. */
  desire(generation: number, networks: DesiredNetworks): Promise<void>
  status(): Promise<NetworkStatus>
  /** Waits until the status is so. */
  until(what: (status: NetworkStatus) => boolean): Promise<NetworkStatus>
  /** As `until`, while time goes by: a second at each try. */
  later(what: (status: NetworkStatus) => boolean): Promise<NetworkStatus>
  /** [status code, body] */
  confirm(generation: number): Promise<[number, string]>
  post(path: string, body?: object): Promise<[number, string]>
  get(path: string): Promise<[number, string]>
  at(path: string): string
  /** A guest's interface on the bridge of the network, as vif-slipway sets it up; it has these addresses. Answers its name. */
  plug(port: DesiredPort, bridge: string): Promise<string>
  /** Somebody tries to reach somebody: whether it went both ways. */
  reaches(packet: PacketOrder): boolean
  /** As a boot: /var/run is empty, and PF has what pf.conf says. */
  reboot(): Promise<void>
}

export interface NetworkHostOptions {
  release?: string
  main?: string
  config?: string
}

export async function openNetworkHost({ config = '', ...options }: NetworkHostOptions = {}): Promise<NetworkHost> {
  const simulated = await openSimulatedPf(options)
  const { root } = simulated
  const at = (path: string) => join(root, path)
  await mkdir(at('var/db/slipway/desired'), { recursive: true })
  await mkdir(at('usr/local/etc/slipway'), { recursive: true })
  await writeFile(
    at('usr/local/etc/slipway/network.yaml'),
    `logLevel: silent\npollSeconds: 10\nconfirmSeconds: 60\nmetadata: false\n${config}`,
  )
  const clock = manualClock()
  let running: { controller: AbortController; ended: Promise<void> } | undefined
  const http = openHttp({ url: 'http://network', socketPath: at('var/run/slipway/network.sock') })
  const stop = async () => {
    running?.controller.abort()
    await running?.ended
    running = undefined
  }
  onTestFinished(async () => {
    await stop()
    await http.close()
  })
  const get = async (path: string): Promise<[number, string]> => {
    const response = await http.send('GET', path)
    return [response.status, await response.text()]
  }
  const waitFor = (what: (status: NetworkStatus) => boolean, before = async () => {}) =>
    vi.waitFor(
      async () => {
        await before()
        const found = await status()
        if (!what(found)) throw new Error(`not yet: ${JSON.stringify(found)}`)
        return found
      },
      { timeout: 20_000, interval: 5 },
    )
  const status = async () => Value.Parse(NetworkStatus, JSON.parse((await get('/status'))[1]))
  const post: NetworkHost['post'] = async (path, body = {}) => {
    const response = await http.send('POST', path, { body: JSON.stringify(body) })
    return [response.status, await response.text()]
  }
  return {
    ...simulated,
    clock,
    at,
    stop,
    start() {
      const controller = new AbortController()
      const monotonicMs = () => clock.now().getTime()
      const exec = simulated.exec
      running = {
        controller,
        ended: runNetwork({ root, signal: controller.signal, openExec: () => exec, clock, monotonicMs }),
      }
    },
    async desire(generation, networks) {
      await replaceFile(at('var/db/slipway/desired/network.json'), JSON.stringify({ generation, network: networks }))
    },
    status,
    until: (what) => waitFor(what),
    later: (what) => waitFor(what, () => clock.advance(1000)),
    confirm: (generation) => post('/confirm', { generation }),
    post,
    get,
    async plug({ mac, addresses }, bridge) {
      const ifconfig = (...words: string[]) => simulated.exec(['ifconfig', ...words], { timeoutMs: 1000 })
      const name = (await ifconfig('tap', 'create')).stdout.trim()
      await ifconfig(name, 'ether', mac)
      for (const group of [portGroup(mac), portsGroup, netsGroup]) await ifconfig(name, 'group', group)
      await ifconfig(bridge, 'addm', name)
      await ifconfig(name, 'up')
      obey({ kind: 'take-addresses', guest: name, addresses }, simulated.machine)
      return name
    },
    reaches: (packet) => sendPacket(simulated.machine, packet).complete,
    async reboot() {
      await stop()
      await rm(at('var/run'), { recursive: true })
      for (const name of (await simulated.pfctl('-a org.openstack -v -s Anchors'))
        .split('\n')
        .map((line) => line.trim()))
        if (name.startsWith('org.openstack/')) {
          await simulated.pfctl(`-a ${name} -f -`, '')
          await simulated.pfctl(`-a ${name} -F Tables`)
        }
    },
  }
}
