import { Type } from 'typebox'
import { FloatingRangeUse } from '../../contract/floating-range.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '',
  examples: ['slipway floating-range list'],
  options: {},
  words: [0, 0],
  async run({ json }) {
    const ranges = await withClient((client) => client.get(Type.Array(FloatingRangeUse), '/floating-ranges'))
    if (json) printJson(ranges)
    else
      printTable<FloatingRangeUse>(
        {
          NAME: ({ name }) => name,
          RANGE: ({ range }) => range,
          USED: ({ used, size }) => `${used} of ${size}`,
          ROUTED: ({ routed }) => (routed ? 'yes' : 'no'),
          HOSTS: ({ labels = {} }) =>
            Object.entries(labels)
              .map(([key, value]) => `${key}=${value}`)
              .join(' ') || 'all',
        },
        ranges,
      )
    return 0
  },
}
