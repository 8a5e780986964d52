// The entry of the compute bundle; nobody imports it.
import { daemonArguments, runProgram } from '../platform/host-program.ts'
import { stopSignal } from '../platform/program.ts'
import { runCompute } from './compute.ts'

await runProgram('compute', async () => {
  await runCompute({ ...daemonArguments(process.argv.slice(2)), signal: stopSignal() })
})
