import { Type } from 'typebox'
import { NetworkSummary } from '../../contract/network-view.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '',
  examples: ['slipway network list'],
  options: {},
  words: [0, 0],
  async run({ json }) {
    const networks = await withClient((client) => client.get(Type.Array(NetworkSummary), '/networks'))
    if (json) printJson(networks)
    else
      printTable<NetworkSummary>(
        {
          NETWORK: ({ name }) => name,
          RANGES: ({ ranges }) => ranges.join(' ') || '-',
          BRIDGE: ({ bridge }) => bridge,
          VLAN: ({ vlan }) => String(vlan ?? '-'),
          PORTS: ({ ports }) => String(ports),
          HOSTS: ({ hosts }) => hosts.map(({ host }) => host).join(' ') || '-',
        },
        networks,
      )
    return 0
  },
}
