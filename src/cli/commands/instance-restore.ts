import type { Command } from '../command.ts'
import { operate, operateOptions } from '../operate.ts'

export const command: Command = {
  usage: 'INSTANCE NAME [--discard-younger] [--no-wait]',
  about:
    'Puts the disks back to a snapshot. What came after it is lost; younger snapshots are in the way unless they may be discarded.',
  examples: ['slipway instance restore web.front-0 before-upgrade'],
  options: { 'discard-younger': { describe: 'remove the snapshots that are younger' }, ...operateOptions },
  words: [2, 2],
  run: (invocation) =>
    operate(invocation, {
      kind: 'restore',
      arguments: { name: invocation.words[1] ?? '', discardYounger: invocation.is('discard-younger') },
    }),
}
