import { Type } from 'typebox'
import { FloatingIpSummary } from '../../contract/network-view.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '',
  examples: ['slipway floating-ip list'],
  options: {},
  words: [0, 0],
  async run({ json }) {
    const addresses = await withClient((client) => client.get(Type.Array(FloatingIpSummary), '/floating-ips'))
    if (json) printJson(addresses)
    else
      printTable<FloatingIpSummary>(
        {
          'FLOATING IP': ({ name }) => name,
          ADDRESS: ({ address }) => address,
          RANGE: ({ range }) => range,
          INSTANCE: ({ instance }) => instance ?? '-',
          HOST: ({ host }) => host ?? '-',
          FORWARDS: ({ forwards }) => forwards.join(', ') || '-',
        },
        addresses,
      )
    return 0
  },
}
