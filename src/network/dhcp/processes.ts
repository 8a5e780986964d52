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
  stop(paths: NetworkDhcpPaths, pid: number): Promise<void>
}

export function openProcesses(exec: Exec, clock: Clock): Processes {
  async function find(): Promise<Map<string, number[]>> {
    const { stdout } = await execOk(exec, ['ps', '-axww', '-o', 'pid=', '-o', 'args='], { timeoutMs })
    const running = new Map<string, number[]>()
    for (const line of stdout.split('\n')) {
      const [, pid, configuration] = /^\s*(\d+) .*dnsmasq --conf-file=(.*?)\s*$/.exec(line) ?? []
      if (configuration !== undefined) running.set(configuration, [...(running.get(configuration) ?? []), Number(pid)])
    }
    return running
  }

  async function isGone({ configuration }: NetworkDhcpPaths, pid: number): Promise<boolean> {
    const deadline = clock.now().getTime() + 5000
    for (;;) {
      if (!(await find()).get(configuration)?.includes(pid)) return true
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
    async stop(paths, pid) {
      // kill(1) fails when the process has ended meanwhile, which is as good.
      await exec(['kill', '-TERM', String(pid)], { timeoutMs })
      if (await isGone(paths, pid)) return
      await exec(['kill', '-KILL', String(pid)], { timeoutMs })
      await isGone(paths, pid)
    },
  }
}
