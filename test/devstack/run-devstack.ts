/** `node run-devstack.ts DATA COMPONENTS`: a devstack as a process of its own, so that a test can stop and kill it. */
import { runDevstack } from '../../src/devstack/devstack.ts'
import { stopSignal } from '../../src/platform/program.ts'

const [data = '', components] = process.argv.slice(2)
await runDevstack({ hosts: 2, fresh: false, data, listen: '127.0.0.1:0', components, signal: stopSignal() })
