import { Type } from 'typebox'
import { CloudInstanceDetail, CloudOperation } from '../../contract/cloud-instance.ts'
import type { SnapshotStatus } from '../../contract/compute-status.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { stateText } from '../instance-table.ts'
import { ago, bytes, counted, print, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: 'INSTANCE',
  examples: ['slipway instance show web.front-0'],
  options: {},
  words: [1, 1],
  async run({ words: [name = ''], json }) {
    const path = `/instances/${encodeURIComponent(name)}`
    await withClient(async (client) => {
      const instance = await client.get(CloudInstanceDetail, path)
      if (json) return printJson(instance)
      show(instance)
      const operations = await client.get(Type.Array(CloudOperation), `${path}/operations?limit=5`)
      if (operations.length > 0) print('\nlast operations:')
      for (const { kind, state, requestedAt, requestedBy, problem, result } of operations)
        print(`  ${kind}  ${state}  ${ago(requestedAt)} by ${requestedBy}  ${problem ?? result ?? ''}`.trimEnd())
    })
    return 0
  },
}

function show(instance: CloudInstanceDetail): void {
  const { status } = instance
  const fact = (name: string, text: string) => print(`${name.padEnd(12)} ${text}`)
  fact('instance', `${instance.name}  ${instance.id}`)
  fact('host', instance.host)
  fact('state', [stateText(instance), instance.reason].filter(Boolean).join(': '))
  fact('wanted', instance.wanted)
  fact('health', [instance.health, instance.healthMessage].filter(Boolean).join(': '))
  fact(
    'guest',
    `${instance.driver} ${instance.type}, ${counted(instance.vcpus, 'vcpu')}, ${bytes(instance.memoryMiB * 2 ** 20)}`,
  )
  fact('image', instance.image ? `${instance.image.name}@${instance.image.version}  ${instance.image.digest}` : '-')
  fact('disk', bytes(instance.diskBytes))
  for (const { name, device, readOnly } of instance.volumes)
    fact('volume', `${name} as ${device}${readOnly ? ', read only' : ''}`)
  for (const { network, bridge, mac, addresses } of instance.ports)
    fact('port', [network, 'on', bridge, mac, ...addresses].join(' '))
  if (instance.startedAt) fact('started', `${ago(instance.startedAt)}, ${instance.restarts} restarts by itself`)
  if (status?.firstBootSeconds !== undefined) fact('first boot', `${status.firstBootSeconds} s until healthy`)
  for (const [key, value] of Object.entries(instance.labels ?? {})) fact('label', `${key}=${value}`)
  if (instance.atNextStart.length > 0) fact('next start', `changes ${instance.atNextStart.join(', ')}`)
  if (status?.vncAddress) fact('screen', `VNC at ${status.vncAddress} of the host`)
  if (!status || status.snapshots.length === 0) return
  print()
  printTable<SnapshotStatus>(
    {
      SNAPSHOT: (one) => one.name,
      TAKEN: (one) => ago(one.at),
      MEMORY: (one) => (one.memory ? 'yes' : 'no'),
      HOLDS: (one) => bytes(one.usedBytes),
    },
    status.snapshots,
  )
}
