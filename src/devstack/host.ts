import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { AppError } from '../contract/errors.ts'
import { type ExecResult, execOk, openExec } from '../platform/exec.ts'
import { makeFolder, remove } from '../platform/files.ts'
import { toolPaths } from '../platform/tools.ts'
import type { DhcpLease } from './dhcp-lease.ts'
import { type HostFolderOptions, prepareHostFolder } from './host-folder.ts'
import type { Order } from './orders.ts'
import type { PacketAnswer, PacketOrder } from './pf/send-packet.ts'
import { cutPower } from './processes.ts'
import { programFile } from './program-file.ts'
import { sendOrder } from './send-order.ts'
import { shortRoot } from './short-root.ts'

/** A simulated FreeBSD host: a folder that stands for `/`, and a process. */
export interface SimulatedHost {
  name: string
  /** The short path of its folder: what programs get as `--root`. */
  root: string
  /** Runs a program of the host, `/usr/sbin/service`, by its path on the host. Resolves on any exit code. */
  run(argv: readonly [program: `/${string}`, ...args: string[]], options?: { timeoutMs?: number }): Promise<ExecResult>
  /** The line that a user runs as root: `fetch -o - URL/install.sh | sh -s -- TOKEN`. @throws AppError command-failed */
  install(options: { url: string; token: string }): Promise<void>
  /** Makes the machine or a guest of it do what no program can ask for. For tests. @throws AppError command-failed */
  order(order: Order): Promise<void>
  /** Somebody tries to reach somebody through this host; PF sees it, and counts. @throws AppError command-failed when there is no such guest */
  packet(packet: PacketOrder): Promise<PacketAnswer>
  /** What a guest with this MAC is offered by DHCP; none: nobody answers it. @throws AppError command-failed */
  dhcp(mac: string): Promise<DhcpLease[]>
  /** The power fails: every process is killed at once. */
  powerOff(): Promise<void>
  /** Switches the host on; its services start. */
  boot(): Promise<void>
  /** Shuts the host down in order. */
  stop(): Promise<void>
}

export interface SimulatedHostOptions extends Partial<Omit<HostFolderOptions, 'name'>> {
  folder: string
  name: string
}

const defaults = {
  release: '14.3-RELEASE-p5',
  architecture: 'amd64',
  zfs: '2.2.7-FreeBSD_ge269af1b3',
  agentSettings: '',
} as const

/** Prepares the folder, or takes one that was prepared before, and switches the host on. */
export async function openSimulatedHost({ folder, name, ...options }: SimulatedHostOptions): Promise<SimulatedHost> {
  await makeFolder(folder)
  const root = await shortRoot(folder)
  await prepareHostFolder(root, { ...defaults, ...options, name })
  const exec = openExec(toolPaths(root))
  let simulator: ChildProcess | undefined

  const run: SimulatedHost['run'] = ([program, ...args], { timeoutMs = 60_000 } = {}) =>
    exec([join(root, program) as `/${string}`, ...args], { timeoutMs })

  const boot = async () => {
    if (simulator) return
    const started = await startProcess(root, name)
    started.once('exit', () => {
      if (simulator === started) simulator = undefined
    })
    simulator = started
  }

  await boot()
  return {
    name,
    root,
    run,
    boot,
    async order(order) {
      await sendOrder(root, order)
    },
    dhcp: async (mac) => JSON.parse(await sendOrder(root, { kind: 'dhcp', mac })) as DhcpLease[],
    packet: async (packet) => JSON.parse(await sendOrder(root, { kind: 'packet', ...packet })) as PacketAnswer,
    async install({ url, token }) {
      const script = await run(['/usr/bin/fetch', '-o', '-', `${url}/install.sh`])
      if (script.exitCode !== 0) throw new AppError('command-failed', `${name}: ${script.stderr.trim()}`)
      await execOk(exec, ['/bin/sh', '-s', '--', token, '--root', root, '--name', name], {
        stdin: script.stdout,
        timeoutMs: 120_000,
      }).catch((error: AppError) => {
        // The token is a secret, and the command line holds it.
        throw new AppError('command-failed', `${name}: ${error.message.replaceAll(token, 'TOKEN')}`)
      })
    },
    async powerOff() {
      if (simulator?.pid) await cutPower(simulator.pid)
      simulator = undefined
    },
    async stop() {
      const running = simulator
      if (running?.pid) {
        const ended = once(running, 'exit')
        running.kill('SIGTERM')
        await ended
        // What did not stop in its time.
        await cutPower(running.pid)
      }
      simulator = undefined
      await remove(root)
    },
  }
}

/** Starts the process of a host and waits until the host has booted. */
async function startProcess(root: string, name: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [programFile('simulator-main'), root], {
    // The leader of a process group: what the host runs can be told from everything else, and a Ctrl-C does not reach it.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  for await (const line of lines) if (line === 'ready') return child
  throw new AppError('internal', `the simulator of ${name} ended before the host had booted`)
}
