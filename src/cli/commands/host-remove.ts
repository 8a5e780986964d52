import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { print } from '../print.ts'

export const command: Command = {
  usage: 'HOST',
  about: "Ends the host's credential at once. What runs on it goes on running; stop the agent there too.",
  examples: ['slipway host remove rack3-07'],
  options: {},
  words: [1, 1],
  async run({ words: [name = ''], json }) {
    await withClient((client) => client.delete(`/hosts/${encodeURIComponent(name)}`))
    if (!json) print(`${name} is no longer enrolled`)
    return 0
  },
}
