import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { DesiredNetworks } from '../../../src/contract/network.ts'
import type { DhcpSight } from '../../../src/network/dhcp/dhcp.ts'

/** What a program said. */
export interface Said {
  exitCode: number
  stdout: string
}

export interface NetworkHost {
  apply(desired: DesiredNetworks): Promise<{ problems: string[]; sights: DhcpSight[] }>
  /** Ends the daemon at once; what it started goes on. */
  kill(): Promise<void>
}

/** A host with one bridge and some guests, in network namespaces that go with it: nothing of it is seen, or sends anything, outside. */
export interface NetworkLaboratory {
  folder: string
  /** Starts what network does on the host. */
  startHost(): NetworkHost
  /** Runs a program on the host, or as a guest. */
  run(who: string, argv: readonly string[]): Promise<Said>
  /** A guest's DHCP client: what it was given, by the names of udhcpc; undefined when it was given nothing. */
  lease(guest: string, options?: readonly string[]): Promise<Record<string, string> | undefined>
  /** Listens on the host's end of a guest's cable, until it is stopped. */
  sniff(guest: string): Promise<{ heard: readonly Heard[]; stop(): Promise<void> }>
  close(): Promise<void>
}

export interface Heard {
  /** By the host. */
  sent: boolean
  protocol: number
  source: string
  destination: string
  sourcePort?: number
  destinationPort?: number
  /** Of TCP, as they are in the header. */
  flags?: number
  /** Of ICMP. */
  type?: number
  bytes: number
}

export interface LaboratoryOptions {
  bridge: string
  addresses: readonly string[]
  /** Each guest's MAC. */
  guests: Readonly<Record<string, string>>
}

/** What udhcpc calls: takes the address and the routes, and writes down what it was told. */
const clientScript = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip -4 address flush dev "$interface"
ip address add "$ip/$mask" dev "$interface"
[ -z "$mtu" ] || ip link set "$interface" mtu "$mtu"
set -- $staticroutes
while [ $# -gt 1 ]; do ip route add "$1" via "$2" dev "$interface"; shift 2; done
env > "$LEASE"
`

export async function openNetworkLaboratory({
  bridge,
  addresses,
  guests,
}: LaboratoryOptions): Promise<NetworkLaboratory> {
  const folder = await mkdtemp(join(tmpdir(), 'slw-'))
  // As /var/db/slipway: dnsmasq, which gives up being root, reads its files again.
  await chmod(folder, 0o755)
  const script = join(folder, 'client.sh')
  await writeFile(script, clientScript, { mode: 0o755 })
  const spaceOf = (who: string) => `slw${process.pid}-${who}`
  const names = ['host', ...Object.keys(guests)]
  const children = new Set<ChildProcess>()
  const ip = (...words: string[]) => execFileSync('ip', words)
  const onHost = (...words: string[]) => ip('-n', spaceOf('host'), ...words)

  for (const name of names) {
    ip('netns', 'add', spaceOf(name))
    ip('-n', spaceOf(name), 'link', 'set', 'lo', 'up')
  }
  onHost('address', 'add', '169.254.169.254/32', 'dev', 'lo')
  onHost('link', 'add', bridge, 'type', 'bridge')
  onHost('link', 'set', bridge, 'up')
  for (const address of addresses)
    onHost('address', 'add', address, 'dev', bridge, ...(address.includes(':') ? ['nodad'] : []))
  for (const [guest, mac] of Object.entries(guests)) {
    onHost('link', 'add', `tap-${guest}`, 'type', 'veth', 'peer', 'name', 'e0', 'netns', spaceOf(guest), 'address', mac)
    onHost('link', 'set', `tap-${guest}`, 'master', bridge, 'up')
    ip('-n', spaceOf(guest), 'link', 'set', 'e0', 'up')
  }

  function start(who: string, argv: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', spaceOf(who), ...argv], {
      stdio: ['pipe', 'pipe', who === 'host' ? 'inherit' : 'ignore'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    })
    children.add(child)
    child.once('exit', () => children.delete(child))
    return child
  }

  async function run(who: string, argv: readonly string[], env: Record<string, string> = {}): Promise<Said> {
    const child = start(who, argv, env)
    child.stdin?.end()
    let stdout = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      stdout += text
    })
    const exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)))
    return { exitCode, stdout }
  }

  return {
    folder,
    run,
    startHost() {
      const child = start('host', [process.execPath, join(import.meta.dirname, 'run-host.ts'), folder])
      const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
      return {
        async apply(desired) {
          child.stdin?.write(`${JSON.stringify(desired)}\n`)
          const { value } = await lines.next()
          return JSON.parse(value ?? '')
        },
        async kill() {
          const gone = new Promise((resolve) => child.once('exit', resolve))
          child.kill('SIGKILL')
          await gone
        },
      }
    },
    async lease(guest, options = []) {
      const file = join(folder, `lease-${guest}`)
      await rm(file, { force: true })
      const words = ['-i', 'e0', '-f', '-n', '-q', '-t', '3', '-T', '1', '-O', '26', '-O', '121', '-s', script]
      const { exitCode } = await run(guest, ['udhcpc', ...words, ...options], { LEASE: file })
      if (exitCode !== 0) return undefined
      const { stdout } = await run(guest, ['cat', file])
      return Object.fromEntries(
        stdout.split('\n').flatMap((line) => (line.includes('=') ? [line.split(/=(.*)/s)] : [])),
      )
    },
    async sniff(guest) {
      const child = start('host', ['/usr/bin/python3', join(import.meta.dirname, 'sniff.py'), `tap-${guest}`])
      const heard: Heard[] = []
      const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
      await lines.next()
      const hearing = (async () => {
        for (let next = await lines.next(); !next.done; next = await lines.next()) heard.push(JSON.parse(next.value))
      })()
      return {
        heard,
        async stop() {
          child.kill('SIGTERM')
          await hearing
        },
      }
    },
    async close() {
      for (const name of names) {
        // dnsmasq is nobody's child.
        for (const pid of execFileSync('ip', ['netns', 'pids', spaceOf(name)], { encoding: 'utf8' }).split('\n'))
          if (pid !== '') process.kill(Number(pid), 'SIGKILL')
        ip('netns', 'del', spaceOf(name))
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}
