import { runAgent } from '../../agent/agent.ts'
import { stopSignal } from '../../platform/program.ts'
import type { Command } from '../command.ts'

export const command: Command = {
  usage: '[--root DIR]',
  about: 'A host runs this as the service slipway_agent, from the agent component. `install.sh` sets it up.',
  examples: ['slipway agent'],
  options: { root: { value: 'DIR', describe: 'the folder that stands for / (a simulated host)' } },
  words: [0, 0],
  run: (invocation) =>
    runAgent({ root: invocation.text('root') ?? '/', programFolder: import.meta.dirname, signal: stopSignal() }),
}
