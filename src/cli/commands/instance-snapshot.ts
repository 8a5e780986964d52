import type { Command } from '../command.ts'
import { operate, operateOptions } from '../operate.ts'

export const command: Command = {
  usage: 'INSTANCE NAME [--memory] [--no-wait]',
  about:
    'Takes all disks at one moment, and with --memory what the guest has in memory, so that it can go on from there.',
  examples: ['slipway instance snapshot web.front-0 before-upgrade'],
  options: { memory: { describe: 'with the memory of the guest' }, ...operateOptions },
  words: [2, 2],
  run: (invocation) =>
    operate(invocation, {
      kind: 'snapshot',
      arguments: { name: invocation.words[1] ?? '', memory: invocation.is('memory') },
    }),
}
