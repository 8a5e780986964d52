import { Type } from 'typebox'
import { AuditEntry } from '../../contract/audit.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '[--limit N]',
  examples: ['slipway audit --limit 20'],
  options: { limit: { value: 'N', describe: 'how many entries, the newest first (100)' } },
  words: [0, 0],
  async run(invocation) {
    const limit = invocation.number('limit') ?? 100
    const entries = await withClient((client) => client.get(Type.Array(AuditEntry), `/audit?limit=${limit}`))
    if (invocation.json) printJson(entries)
    else
      printTable<AuditEntry>(
        {
          WHEN: (entry) => entry.at,
          WHO: (entry) => entry.actor,
          FROM: (entry) => entry.address,
          WHAT: (entry) => entry.action,
          SUBJECT: (entry) => entry.subject,
          DETAIL: (entry) => entry.detail,
        },
        entries,
      )
    return 0
  },
}
