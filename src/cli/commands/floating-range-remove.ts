import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'NAME',
  about: 'Takes a floating range away. Refused while a stack has one of its addresses.',
  examples: ['slipway floating-range remove office'],
  options: {},
  words: [1, 1],
  async run({ words: [name = ''], json }) {
    await withClient((client) => client.delete(`/floating-ranges/${encodeURIComponent(name)}`))
    if (json) printJson({ name })
    else print(`${name} is no floating range any more`)
    return 0
  },
}
