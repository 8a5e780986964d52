// The entry of the network bundle; nobody imports it.
import { daemonArguments, runProgram } from '../platform/host-program.ts'
import { stopSignal } from '../platform/program.ts'
import { runNetwork } from './network.ts'

await runProgram('network', async () => {
  await runNetwork({ ...daemonArguments(process.argv.slice(2)), signal: stopSignal() })
})
