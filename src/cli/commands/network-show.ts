import { NetworkDetail } from '../../contract/network-view.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { print, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: 'STACK.NETWORK',
  examples: ['slipway network show shop.front'],
  options: {},
  words: [1, 1],
  async run({ words: [name = ''], json }) {
    const network = await withClient((client) => client.get(NetworkDetail, `/networks/${encodeURIComponent(name)}`))
    if (json) printJson(network)
    else show(network)
    return 0
  },
}

function show({ id, name, ranges, bridge, vlan, hosts, attachments }: NetworkDetail): void {
  const fact = (what: string, text: string) => print(`${what.padEnd(8)} ${text}`)
  fact('network', `${name}  ${id}`)
  fact('ranges', ranges.join(' ') || '-')
  fact('bridge', vlan === undefined ? bridge : `${bridge}, VLAN ${vlan}`)
  print()
  printTable({ HOST: ({ host }) => host, 'ADDRESSES OF ITS OWN': ({ addresses }) => addresses.join(' ') || '-' }, hosts)
  print()
  printTable(
    {
      INSTANCE: ({ instance }) => instance,
      HOST: ({ host }) => host,
      MAC: ({ mac }) => mac,
      ADDRESSES: ({ addresses }) => addresses.join(' ') || '-',
      GROUPS: ({ groups }) => groups.join(' ') || '-',
      'FLOATING IPS': ({ floatingIps }) => floatingIps.join(' ') || '-',
    },
    attachments,
  )
}
