import { Type } from 'typebox'
import { Token } from '../../contract/token.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { ago, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '',
  examples: ['slipway token list'],
  options: {},
  words: [0, 0],
  async run({ json }) {
    const tokens = await withClient((client) => client.get(Type.Array(Token), '/tokens'))
    if (json) printJson(tokens)
    else
      printTable<Token>(
        {
          NAME: (token) => token.name,
          ROLE: (token) => token.role,
          SCOPES: (token) => token.scopes.join(' '),
          CREATED: (token) => token.createdAt,
          EXPIRES: (token) => token.expiresAt ?? 'never',
          USED: (token) => ago(token.lastUsedAt),
        },
        tokens,
      )
    return 0
  },
}
