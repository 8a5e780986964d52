import { runNetwork } from '../../network/network.ts'
import { stopSignal } from '../../platform/program.ts'
import type { Command } from '../command.ts'

export const command: Command = {
  usage: '[--root DIR]',
  about: 'A host runs this as the service slipway_network, from the network component.',
  examples: ['slipway network'],
  options: { root: { value: 'DIR', describe: 'the folder that stands for / (a simulated host)' } },
  words: [0, 0],
  async run(invocation) {
    await runNetwork({ root: invocation.text('root') ?? '/', signal: stopSignal() })
    return 0
  },
}
