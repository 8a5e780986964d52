import { AppError } from '../../contract/errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { type Exec, execOk } from '../../platform/exec.ts'
import { readTextIfThere } from '../../platform/files.ts'
import type { NetworkDhcpPaths } from './paths.ts'

const timeoutMs = 10_000

/** The running dnsmasqs. Each outlives whoever started it, and is found again by its command line, which names the configuration of its network. */
export interface Processes {
  /** The process ids of those that run, by the path of their configuration. There is one of each, unless something went wrong. */
  find(): Promise<ReadonlyMap<string, readonly number[]>>
  /** Whether dnsmasq can read the configuration. @throws AppError command-failed, with what it said */
  check(paths: NetworkDhcpPaths): Promise<void>
  /**
   * Starts one that reads the files of the network, and answers its process id. When it answers, the addresses are bound.
   * @throws AppError command-failed, with what dnsmasq said
   */
  start(paths: NetworkDhcpPaths): Promise<number>
  /** Lets it read `hosts` and `names` again. */
  reload(pid: number): Promise<void>
  /** Ends it, and answers when it is gone; whoever does not heed is killed. */
  stop(pid: number): Promise<void>
}

export function openProcesses(exec: Exec, clock: Clock): Processes {
  /** Every process but those that have ended and are not collected yet. */
  async function list(): Promise<{ pid: number; command: string }[]> {
    const columns = ['-o', 'pid=', '-o', 'stat=', '-o', 'args=']
    const { stdout } = await execOk(exec, ['ps', '-axww', ...columns], { timeoutMs })
    return stdout.split('\n').flatMap((line) => {
      const [, pid, state, command] = /^\s*(\d+)\s+(\S+)\s+(.*?)\s*$/.exec(line) ?? []
      return command === undefined || state?.startsWith('Z') ? [] : [{ pid: Number(pid), command }]
    })
  }

  async function find(): Promise<Map<string, number[]>> {
    const running = new Map<string, number[]>()
    for (const { pid, command } of await list()) {
      const [, configuration] = /dnsmasq --conf-file=(.*)$/.exec(command) ?? []
      if (configuration !== undefined) running.set(configuration, [...(running.get(configuration) ?? []), pid])
    }
    return running
  }

  /** One that ends loses its command line before its sockets, and until then nobody else can have its addresses. */
  async function isGone(pid: number): Promise<boolean> {
    const deadline = clock.now().getTime() + 5000
    for (;;) {
      if (!(await list()).some((process) => process.pid === pid)) return true
      if (clock.now().getTime() > deadline) return false
      await clock.sleep(20)
    }
  }

  return {
    find,
    async check({ configuration }) {
      try {
        await execOk(exec, ['dnsmasq', '--test', `--conf-file=${configuration}`], { timeoutMs })
      } catch (error) {
        const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException
        if (code !== 'ENOENT') throw error
        throw new AppError('command-failed', `${(error as Error).message}; install the package dnsmasq`, {
          cause: error,
        })
      }
    },
    async start({ configuration, pid }) {
      await execOk(exec, ['dnsmasq', `--conf-file=${configuration}`], { timeoutMs })
      return Number(await readTextIfThere(pid))
    },
    async reload(pid) {
      await execOk(exec, ['kill', '-HUP', String(pid)], { timeoutMs })
    },
    async stop(pid) {
      // kill(1) fails when the process has ended meanwhile, which is as good.
      await exec(['kill', '-TERM', String(pid)], { timeoutMs })
      if (await isGone(pid)) return
      await exec(['kill', '-KILL', String(pid)], { timeoutMs })
      await isGone(pid)
    },
  }
}
