import { parse } from '../../contract/parse.ts'
import { CreatedToken, CreateToken, roles } from '../../contract/token.ts'
import { withClient } from '../client.ts'
import { type Command, readDuration, UsageError } from '../command.ts'
import { note, print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'NAME --role ROLE | --scope SCOPE… [--expires TIME]',
  about:
    'Prints the token, this one time. People get a role: an admin may do all; a publisher may push, delete, promote and read; a viewer may\n' +
    'read. A pipeline gets scopes, and may do nothing else: pull:REPOSITORY, publish:REPOSITORY (which includes pull), delete:REPOSITORY,\n' +
    'promote:CHANNEL (to releases of components that it may pull). A * in them stands for any characters.',
  examples: [
    'slipway token create compute-ci --scope publish:components/compute --scope promote:edge --expires 90d',
    "slipway token create mirror --scope 'pull:*'",
    'slipway token create alice --role admin',
  ],
  options: {
    role: { value: 'ROLE', describe: roles.join(', ') },
    scope: { value: 'SCOPE', multiple: true, describe: 'one thing that it may do, like publish:components/compute' },
    expires: { value: 'TIME', describe: 'how long it is valid, like 90d (for ever)' },
  },
  words: [1, 1],
  async run(invocation) {
    const role = invocation.text('role')
    const scopes = invocation.texts('scope')
    const validSeconds = readDuration(invocation.text('expires'), 'expires')
    if ((role === undefined) === (scopes.length === 0)) throw new UsageError('give either --role or --scope')
    const body = parse(
      CreateToken,
      {
        name: invocation.words[0],
        ...(role === undefined ? { scopes } : { role }),
        ...(validSeconds === undefined ? {} : { validSeconds }),
      },
      'token',
    )
    const created = await withClient((client) => client.post(CreatedToken, '/tokens', body))
    if (invocation.json) printJson(created)
    else {
      note(
        `${created.name} (${created.scopes.join(', ') || created.role}), valid ${created.expiresAt === null ? 'until it is revoked' : `until ${created.expiresAt}`}:`,
      )
      print(created.secret)
    }
    return 0
  },
}
