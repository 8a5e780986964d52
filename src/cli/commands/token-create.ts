import { parse } from '../../contract/parse.ts'
import { CreatedToken, CreateToken, roles } from '../../contract/token.ts'
import { withClient } from '../client.ts'
import { type Command, readDuration } from '../command.ts'
import { note, print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'NAME --role ROLE [--valid TIME]',
  about:
    'Prints the token, this one time. An admin may do all; a publisher may push, promote and read; a viewer may read.',
  examples: [
    'slipway token create github-actions --role publisher --valid 90d',
    'slipway token create grafana --role viewer',
  ],
  options: {
    role: { value: 'ROLE', describe: roles.join(', ') },
    valid: { value: 'TIME', describe: 'how long it is valid, like 90d (for ever)' },
  },
  words: [1, 1],
  async run(invocation) {
    const validSeconds = readDuration(invocation.text('valid'), 'valid')
    const body = parse(
      CreateToken,
      { name: invocation.words[0], role: invocation.text('role'), ...(validSeconds ? { validSeconds } : {}) },
      'token',
    )
    const created = await withClient((client) => client.post(CreatedToken, '/tokens', body))
    if (invocation.json) printJson(created)
    else {
      note(
        `${created.name} (${created.role}), valid ${created.expiresAt === null ? 'until it is revoked' : `until ${created.expiresAt}`}:`,
      )
      print(created.secret)
    }
    return 0
  },
}
