import { AppError } from '../../contract/errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { type Exec, execOk } from '../../platform/exec.ts'
import { readTextIfThere } from '../../platform/files.ts'
import type { NetworkDhcpPaths } from './paths.ts'

const timeoutMs = 10_000

/**
 * The running dnsmasqs. Each outlives whoever started it, and is found again by what its pid file says, if the process of that number was started with the
 * configuration beside that file: the number alone may be another's by now.
 */
export interface Processes {
  /** The process ids of those that run, by the folder of their network. */
  find(networks: readonly NetworkDhcpPaths[]): Promise<ReadonlyMap<string, number>>
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
  async function find(networks: readonly NetworkDhcpPaths[]): Promise<Map<string, number>> {
    const pids = new Map<number, NetworkDhcpPaths>()
    for (const paths of networks) {
      const pid = Number((await readTextIfThere(paths.pid))?.trim())
      if (Number.isInteger(pid) && pid > 1) pids.set(pid, paths)
    }
    if (pids.size === 0) return new Map()
    // Exit code 1: none of them is there.
    const { stdout } = await exec(['ps', '-ww', '-o', 'pid=', '-o', 'args=', '-p', [...pids.keys()].join()], {
      timeoutMs,
    })
    const running = new Map<string, number>()
    for (const line of stdout.split('\n')) {
      const [, pid, command = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? []
      const paths = pids.get(Number(pid))
      if (paths && command.trimEnd().endsWith(` ${argument(paths)}`)) running.set(paths.folder, Number(pid))
    }
    return running
  }

  async function isGone(paths: NetworkDhcpPaths, pid: number, withinMs: number): Promise<boolean> {
    const deadline = clock.now().getTime() + withinMs
    for (;;) {
      if ((await find([paths])).get(paths.folder) !== pid) return true
      if (clock.now().getTime() > deadline) return false
      await clock.sleep(20)
    }
  }

  return {
    find,
    async check(paths) {
      try {
        await execOk(exec, ['dnsmasq', '--test', argument(paths)], { timeoutMs })
      } catch (error) {
        const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException
        if (code !== 'ENOENT') throw error
        throw new AppError('command-failed', `${(error as Error).message}; install the package dnsmasq`, {
          cause: error,
        })
      }
    },
    async start(paths) {
      await execOk(exec, ['dnsmasq', argument(paths)], { timeoutMs })
      return Number(await readTextIfThere(paths.pid))
    },
    async reload(pid) {
      await execOk(exec, ['kill', '-HUP', String(pid)], { timeoutMs })
    },
    async stop(paths, pid) {
      // That one ended by itself meanwhile is no failure of kill(1).
      await exec(['kill', '-TERM', String(pid)], { timeoutMs })
      if (await isGone(paths, pid, 5000)) return
      await exec(['kill', '-KILL', String(pid)], { timeoutMs })
      await isGone(paths, pid, 5000)
    },
  }
}

/** By this a dnsmasq is known for that of a network. */
function argument({ configuration }: NetworkDhcpPaths): string {
  return `--conf-file=${configuration}`
}
