import { Type } from 'typebox'
import { CloudVolume } from '../../contract/cloud-instance.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { bytes, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '',
  examples: ['slipway volume list'],
  options: {},
  words: [0, 0],
  async run({ json }) {
    const volumes = await withClient((client) => client.get(Type.Array(CloudVolume), '/volumes'))
    if (json) printJson(volumes)
    else
      printTable<CloudVolume>(
        {
          VOLUME: (one) => one.name,
          HOST: (one) => one.host ?? '-',
          STATE: (one) => one.state,
          SIZE: (one) => bytes(one.sizeBytes),
          USED: (one) => bytes(one.usedBytes),
          INSTANCES: (one) => one.instances.join(' ') || '-',
          REASON: (one) => one.reason ?? '',
        },
        volumes,
      )
    return 0
  },
}
