import { Type } from 'typebox'
import { Channel } from '../../contract/channel.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '',
  examples: ['slipway channel list'],
  options: {},
  words: [0, 0],
  async run({ json }) {
    const channels = await withClient((client) => client.get(Type.Array(Channel), '/channels'))
    if (json) printJson(channels)
    else
      printTable<Channel>(
        {
          CHANNEL: (channel) => channel.name,
          HOSTS: (channel) => String(channel.hosts),
          RELEASES: (channel) => channel.pointers.map((pointer) => `${pointer.component}@${pointer.version}`).join(' '),
        },
        channels,
      )
    return 0
  },
}
