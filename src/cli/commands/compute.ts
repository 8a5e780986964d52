import { runCompute } from '../../compute/compute.ts'
import { stopSignal } from '../../platform/program.ts'
import type { Command } from '../command.ts'

export const command: Command = {
  usage: '[--root DIR]',
  about: 'A host runs this as the service slipway_compute, from the compute component.',
  examples: ['slipway compute'],
  options: { root: { value: 'DIR', describe: 'the folder that stands for / (a simulated host)' } },
  words: [0, 0],
  async run(invocation) {
    await runCompute({ root: invocation.text('root') ?? '/', signal: stopSignal() })
    return 0
  },
}
