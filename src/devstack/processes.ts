import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

interface ProcessRow {
  pid: number
  parent: number
  group: number
}

/**
 * Kills every process of a group and everything that descends from one, those in sessions of their own too, and returns when they are
 * gone. This process is spared.
 */
export async function cutPower(group: number): Promise<void> {
  // Whoever was found once stays on the list: a process whose parent died before it no longer looks like a descendant.
  const found = new Set<number>()
  for (;;) {
    const rows = await listProcesses()
    for (const pid of familyOf(group, rows)) if (pid !== process.pid) found.add(pid)
    const doomed = rows.filter(({ pid }) => found.has(pid))
    if (doomed.length === 0) return
    for (const { pid } of doomed) kill(pid)
    await delay(10)
  }
}

/** The living members of a group, and their descendants. */
export function familyOf(group: number, rows: readonly ProcessRow[]): number[] {
  const family = new Set(rows.filter((row) => row.group === group).map(({ pid }) => pid))
  // A process may be listed before its parent: repeat until nobody is added.
  for (let size = -1; size !== family.size; ) {
    size = family.size
    for (const { pid, parent } of rows) if (family.has(parent)) family.add(pid)
  }
  return [...family]
}

/** All processes but those that are dead and only wait to be noticed. */
export async function listProcesses(): Promise<ProcessRow[]> {
  return process.platform === 'linux' ? listProc() : listPs()
}

async function listProc(): Promise<ProcessRow[]> {
  const rows: ProcessRow[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // A process may end between the two readings.
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    // The name of the program stands in parentheses and may hold any character.
    const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (group !== undefined && state !== 'Z' && state !== 'X')
      rows.push({ pid: Number(name), parent: Number(parent), group: Number(group) })
  }
  return rows
}

async function listPs(): Promise<ProcessRow[]> {
  const { stdout } = await promisify(execFile)('/bin/ps', ['-A', '-o', 'pid=,ppid=,pgid=,state='])
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, group, state] = line.trim().split(/\s+/)
    if (state === undefined || state.startsWith('Z')) return []
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group) }]
  })
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
