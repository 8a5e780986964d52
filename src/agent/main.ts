// The entry of the agent's bundle; nobody imports it.
import { daemonArguments, runProgram } from '../platform/host-program.ts'
import { stopSignal } from '../platform/program.ts'
import { runAgent } from './agent.ts'

await runProgram('agent', async () => {
  const { root } = daemonArguments(process.argv.slice(2))
  // Not exitCode: a tool that still runs, or a request under way, must not hold up the end.
  process.exit(await runAgent({ root, programFolder: import.meta.dirname, signal: stopSignal() }))
})
