import { FloatingRange } from '../../contract/floating-range.ts'
import { parse } from '../../contract/parse.ts'
import { withClient } from '../client.ts'
import { type Command, readPairs } from '../command.ts'
import { print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'NAME RANGE [--routed] [--label KEY=VALUE…]',
  about:
    'Declares outside IPv4 addresses that stacks may take floating IPs from. A host answers for those that it has as aliases of its outside interface, unless the range is routed to the hosts.',
  examples: [
    'slipway floating-range add office 192.0.2.48/28',
    'slipway floating-range add edge 198.51.100.0/24 --routed --label site=north',
  ],
  options: {
    routed: { describe: 'the outside routes the range to the hosts: they need no alias' },
    label: { value: 'KEY=VALUE', multiple: true, describe: 'only for hosts with this label' },
  },
  words: [2, 2],
  async run(invocation) {
    const [name, range] = invocation.words
    const labels = readPairs(invocation.texts('label'), 'label')
    const wanted = parse(
      FloatingRange,
      { name, range, routed: invocation.is('routed'), ...(Object.keys(labels).length > 0 ? { labels } : {}) },
      'floating range',
    )
    const made = await withClient((client) => client.post(FloatingRange, '/floating-ranges', wanted))
    if (invocation.json) printJson(made)
    else print(`stacks may take floating IPs from ${made.name} (${made.range})`)
    return 0
  },
}
