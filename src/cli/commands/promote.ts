import { Promoted } from '../../contract/channel.ts'
import { withClient } from '../client.ts'
import { type Command, readReference, UsageError } from '../command.ts'
import { print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'COMPONENT@VERSION… CHANNEL',
  about:
    'Points the channel to these releases, all at once or none; the hosts that follow it apply them. A channel is made by its first promotion.',
  examples: ['slipway promote compute@1.1.0 stable', 'slipway promote compute@2.0.0 network@2.0.0 candidate'],
  options: {},
  words: [2, 65],
  async run({ words, json }) {
    const channel = words.at(-1) ?? ''
    if (channel.includes('@')) throw new UsageError('the last word is the channel')
    const releases = words.slice(0, -1).map(readReference)
    const promoted = await withClient((client) =>
      client.post(Promoted, `/channels/${encodeURIComponent(channel)}/promotions`, { releases }),
    )
    if (json) printJson(promoted)
    else
      print(
        `${channel} points to ${words.slice(0, -1).join(' ')}; ${promoted.hostsChanged} of its ${promoted.channel.hosts} hosts follow`,
      )
    return 0
  },
}
