import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from '../../src/devstack/machine.ts'
import type { SimulatedTool } from '../../src/devstack/tools/tool.ts'
import { zfs } from '../../src/devstack/tools/zfs.ts'
import { zpool } from '../../src/devstack/tools/zpool.ts'
import { openZfsStore } from '../../src/devstack/zfs/zfs.ts'
import { systemClock } from '../../src/platform/clock.ts'
import type { Exec } from '../../src/platform/exec.ts'
import { facts } from '../devstack/machine.ts'

const tools: Readonly<Record<string, SimulatedTool>> = { zfs, zpool }

/** zfs and zpool of a simulated host, without the host. `open` holds the devices that a guest has open. */
export async function simulatedZfs(
  root: string,
  { deviceDelayMs = 0 }: { deviceDelayMs?: number } = {},
): Promise<{ exec: Exec; open: Set<string>; ran: string[] }> {
  await mkdir(join(root, '.simulator'), { recursive: true })
  const open = new Set<string>()
  const ran: string[] = []
  const store = openZfsStore({
    root,
    clock: systemClock,
    poolBytes: 64 * 2 ** 30,
    deviceDelayMs,
    isOpen: (path) => open.has(path),
  })
  return {
    open,
    ran,
    async exec([program, ...words]) {
      const tool = tools[program]
      if (!tool) throw new Error(`${program} is not simulated here`)
      ran.push([program, ...words].join(' '))
      const call = { arguments: words, cwd: root, signal: new AbortController().signal }
      return { signal: null, ...(await tool(call, { root, facts, zfs: store } as unknown as Machine)) }
    },
  }
}
