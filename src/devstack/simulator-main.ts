/**
 * The process of one simulated host: `node simulator-main.ts ROOT`. It leads a process group of its own, says `ready` on standard
 * output when the host has booted, shuts the host down at SIGTERM, and lives no longer than whoever holds its standard input.
 */
import { leash } from './leash.ts'
import { startSimulator } from './simulator.ts'

/** rc.shutdown is cut off after 90 seconds on a host; nobody waits so long for a simulated one. */
const shutdownMs = 15_000

// Before anything is started: however this process ends, what it started ends with it.
leash(process.pid)
process.stdin.once('end', () => process.exit(0)).resume()

const simulator = await startSimulator(process.argv[2] ?? '')
process.once('SIGTERM', () => {
  setTimeout(() => process.exit(1), shutdownMs).unref()
  void simulator.stop().then(() => process.exit(0))
})
process.stdout.write('ready\n')
