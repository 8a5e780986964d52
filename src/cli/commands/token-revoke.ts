import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { print } from '../print.ts'

export const command: Command = {
  usage: 'NAME',
  examples: ['slipway token revoke github-actions'],
  options: {},
  words: [1, 1],
  async run({ words: [name = ''], json }) {
    await withClient((client) => client.delete(`/tokens/${encodeURIComponent(name)}`))
    if (!json) print(`${name} is revoked`)
    return 0
  },
}
