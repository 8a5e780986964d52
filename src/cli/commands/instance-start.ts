import type { Command } from '../command.ts'
import { operate, operateOptions } from '../operate.ts'

export const command: Command = {
  usage: 'INSTANCE [--no-wait]',
  about: 'It stays started until it is stopped, whatever happens to its host.',
  examples: ['slipway instance start web.front-0'],
  options: { ...operateOptions },
  words: [1, 1],
  run: (invocation) => operate(invocation, { kind: 'start' }),
}
