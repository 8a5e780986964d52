import type { Command } from '../command.ts'
import { operate, operateOptions } from '../operate.ts'

export const command: Command = {
  usage: 'INSTANCE [--force] [--no-wait]',
  about:
    'Asks the guest to shut down, and cuts it off when that takes longer than its stack allows. It stays stopped until it is started.',
  examples: ['slipway instance stop web.front-0', 'slipway instance stop web.front-0 --force'],
  options: { force: { describe: 'cut it off at once' }, ...operateOptions },
  words: [1, 1],
  run: (invocation) => operate(invocation, { kind: 'stop', arguments: { force: invocation.is('force') } }),
}
