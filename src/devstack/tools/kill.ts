import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** kill(1): `-SIGNAL PID …`, of the machine's own daemons. */
export const kill: SimulatedTool = async ({ arguments: words }, { daemons }) => {
  const [first = ''] = words
  const signal = /^-(?:SIG)?([A-Z]+)$/.exec(first)?.[1]
  const pids = signal === undefined ? words : words.slice(1)
  if (pids.length === 0) return refuses(2, 'usage: kill [-s signal_name] pid ...')
  const lines: string[] = []
  for (const word of pids) {
    const daemon = daemons.find(Number(word))
    if (daemon) await daemons.signal(daemon, signal ?? 'TERM')
    else lines.push(`kill: ${word}: No such process`)
  }
  return lines.length === 0 ? prints() : refuses(1, ...lines)
}
