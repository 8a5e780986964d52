import { Channel, type ChannelPointer } from '../../contract/channel.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { print, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: 'CHANNEL',
  examples: ['slipway channel show stable'],
  options: {},
  words: [1, 1],
  async run({ words: [name = ''], json }) {
    const channel = await withClient((client) => client.get(Channel, `/channels/${encodeURIComponent(name)}`))
    if (json) printJson(channel)
    else {
      print(`${channel.name}, followed by ${channel.hosts} hosts`)
      printTable<ChannelPointer>(
        {
          COMPONENT: (pointer) => pointer.component,
          VERSION: (pointer) => pointer.version,
          PROMOTED: (pointer) => pointer.promotedAt,
          BY: (pointer) => pointer.promotedBy,
        },
        channel.pointers,
      )
    }
    return 0
  },
}
