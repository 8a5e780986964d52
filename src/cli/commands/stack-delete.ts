import { StackDetail } from '../../contract/plan.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { confirm } from '../confirm.ts'
import { note, print } from '../print.ts'

export const command: Command = {
  usage: 'STACK [--volumes] [--yes]',
  about:
    'Removes the instances of a stack with their disks; the stack is gone when its hosts have done so. A stack with volumes is refused, unless\n' +
    '--volumes says that they go too.',
  examples: ['slipway stack delete web', 'slipway stack delete web --volumes --yes'],
  options: {
    volumes: { describe: 'remove its volumes too: what is on them is lost' },
    yes: { describe: 'do not ask' },
  },
  words: [1, 1],
  async run(invocation) {
    const [name = ''] = invocation.words
    const path = `/stacks/${encodeURIComponent(name)}`
    return withClient(async (client) => {
      const { instances, volumes } = await client.get(StackDetail, path)
      const lost = `${instances} instances${invocation.is('volumes') ? ` and ${volumes} volumes` : ''}`
      if (!invocation.is('yes') && !(await confirm(`remove ${name} with ${lost}`))) {
        note('nothing was changed')
        return 1
      }
      await client.delete(`${path}${invocation.is('volumes') ? '?volumes=true' : ''}`)
      if (!invocation.json) print(`${name} is being removed`)
      return 0
    })
  },
}
