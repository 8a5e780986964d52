import { CreatedJoinToken, CreateJoinToken } from '../../contract/enrolment.ts'
import { parse } from '../../contract/parse.ts'
import { withClient } from '../client.ts'
import { type Command, readDuration, readPairs } from '../command.ts'
import { note, print, printJson } from '../print.ts'

export const command: Command = {
  usage: '[--channel C] [--label KEY=VALUE]… [--uses N] [--expires TIME]',
  about:
    'Prints the line to run as root on a FreeBSD host. The token in it lets in as many hosts as it has uses, and pins the agent by its digest.',
  examples: ['slipway host join-token', 'slipway host join-token --channel edge --label rack=3 --uses 20 --expires 7d'],
  options: {
    channel: { value: 'C', describe: 'the channel that the host will follow (stable)' },
    label: { value: 'KEY=VALUE', multiple: true, describe: 'a label of the host' },
    uses: { value: 'N', describe: 'how many hosts may enrol with it (1)' },
    expires: { value: 'TIME', describe: 'how long it is valid (24h)' },
  },
  words: [0, 0],
  async run(invocation) {
    const uses = invocation.number('uses')
    const validSeconds = readDuration(invocation.text('expires'), 'expires')
    const body = parse(
      CreateJoinToken,
      {
        channel: invocation.text('channel') ?? 'stable',
        labels: readPairs(invocation.texts('label'), 'label'),
        ...(uses === undefined ? {} : { uses }),
        ...(validSeconds === undefined ? {} : { validSeconds }),
      },
      'join token',
    )
    const created = await withClient((client) => client.post(CreatedJoinToken, '/join-tokens', body))
    if (invocation.json) printJson(created)
    else {
      note(`run this as root on the host, before ${created.expiresAt}:`)
      print(created.command)
    }
    return 0
  },
}
