import { HostDetail } from '../../contract/host.ts'
import { withClient } from '../client.ts'
import { type Command, UsageError } from '../command.ts'
import { confirm } from '../confirm.ts'
import { print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'HOST [--yes]',
  about:
    'Says that a silent host is off, and stays off until its disks are clean: the next `slipway apply` of a stack makes the instances that were there\n' +
    'anew on other hosts. A host that is merely cut off still runs them: then two of each would run, with the same addresses. Its next report\n' +
    'ends it.',
  examples: ['slipway host fenced rack3-07'],
  options: { yes: { describe: 'do not ask' } },
  words: [1, 1],
  async run(invocation) {
    const [name = ''] = invocation.words
    if (!invocation.is('yes') && !(await confirm(`is ${name} off, for certain`)))
      throw new UsageError('then it cannot be fenced')
    const path = `/hosts/${encodeURIComponent(name)}/fence`
    const host = await withClient((client) => client.post(HostDetail, path, {}))
    if (invocation.json) printJson(host)
    else print(`${name} is fenced; apply its stacks again to make its instances anew elsewhere`)
    return 0
  },
}
