// Compute or network in a process of its own, so that its processor time is its own alone.
import { runCompute } from '../../../src/compute/compute.ts'
import { runNetwork } from '../../../src/network/network.ts'
import { stopSignal } from '../../../src/platform/program.ts'
import { answerUsage } from './usage.ts'

const [, , name, root = ''] = process.argv
answerUsage()
await (name === 'compute' ? runCompute : runNetwork)({ root, signal: stopSignal() })
process.disconnect()
