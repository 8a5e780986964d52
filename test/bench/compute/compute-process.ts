// Compute in a process of its own, whose tools are run by the parent: so its processor time is its own alone.
import { runCompute } from '../../../src/compute/compute.ts'
import type { Exec, ExecResult } from '../../../src/platform/exec.ts'
import { stopSignal } from '../../../src/platform/program.ts'

/** What the parent is told: a tool that is to be run, or the processor time until now. */
export type Told = { call: number; argv: readonly string[] } | { cpuMicros: number }
/** What the parent tells: what a tool said; or it asks for the processor time. */
export type Answered = { call: number; result: ExecResult } | 'cpu'

const waiting = new Map<number, (result: ExecResult) => void>()
let calls = 0
const tell = (told: Told) => process.send?.(told)

process.on('message', (answered: Answered) => {
  if (answered === 'cpu') {
    const { user, system } = process.cpuUsage()
    tell({ cpuMicros: user + system })
  } else waiting.get(answered.call)?.(answered.result)
})

const exec: Exec = (argv) =>
  new Promise((resolve) => {
    const call = calls++
    waiting.set(call, (result) => {
      waiting.delete(call)
      resolve(result)
    })
    tell({ call, argv })
  })

await runCompute({ root: process.argv[2] ?? '', signal: stopSignal(), openExec: () => exec })
process.disconnect()
