import { readFile } from 'node:fs/promises'

/** What a process has used: processor time of its own, without that of the programs that it ran, and memory that it holds. */
export interface Usage {
  cpuMs: number
  rssBytes: number
}

/** The unit of processor times in /proc: a hundredth of a second on every Linux. */
const tickMs = 10

/** Of a process that runs, as Linux tells it in /proc (proc(5)). */
export async function usageOf(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all(['stat', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')))
  // The name of the program, in parentheses, may have blanks; user and system time are the twelfth and thirteenth word behind it.
  const words = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  const residentKiB = /^VmRSS:\s+(\d+) kB$/m.exec(status ?? '')?.[1]
  return { cpuMs: (Number(words[11]) + Number(words[12])) * tickMs, rssBytes: Number(residentKiB) * 1024 }
}
