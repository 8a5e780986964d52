import { Type } from 'typebox'
import { CloudInstance } from '../../contract/cloud-instance.ts'
import { StackDetail, type StackRevision, StackRevisionText } from '../../contract/plan.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { printInstances } from '../instance-table.ts'
import { ago, print, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: 'STACK [--revision N]',
  about: 'With --revision it prints the file that was applied then (this needs an admin: user data may hold secrets).',
  examples: ['slipway stack show web', 'slipway stack show web --revision 3 > web.yaml'],
  options: { revision: { value: 'N', describe: 'print the text of this revision' } },
  words: [1, 1],
  async run(invocation) {
    const name = encodeURIComponent(invocation.words[0] ?? '')
    const revision = invocation.number('revision')
    await withClient(async (client) => {
      if (revision !== undefined) {
        const one = await client.get(StackRevisionText, `/stacks/${name}/revisions/${revision}`)
        if (invocation.json) printJson(one)
        else process.stdout.write(one.text)
        return
      }
      const stack = await client.get(StackDetail, `/stacks/${name}`)
      if (invocation.json) return printJson(stack)
      print(`${stack.name}, revision ${stack.revision}${stack.removing ? ', being removed' : ''}`)
      for (const { name: network, bridge, ranges, ports } of stack.networks)
        print(`network ${network}  ${['bridge', bridge, ...ranges].join(' ')}  ${ports} ports`)
      for (const { name: group, rules, ports } of stack.securityGroups)
        print(`security group ${group}  ${rules} rules  ${ports} ports`)
      for (const { name: floating, address, instance } of stack.floatingIps)
        print(`floating IP ${floating}  ${address}${instance === null ? '' : ` for ${instance}`}`)
      for (const forward of stack.portForwards) print(`port forward ${forward}`)
      print()
      printInstances(await client.get(Type.Array(CloudInstance), `/instances?stack=${name}`))
      print()
      printRevisions(stack.revisions)
    })
    return 0
  },
}

function printRevisions(revisions: readonly StackRevision[]): void {
  printTable<StackRevision>(
    {
      REVISION: (one) => String(one.revision),
      APPLIED: (one) => ago(one.appliedAt),
      BY: (one) => one.appliedBy,
      IMAGES: (one) => one.images.map(({ name, version }) => `${name}@${version}`).join(' ') || '-',
      NOTE: (one) => one.note,
    },
    revisions,
  )
}
