import { AppError } from '../../contract/errors.ts'
import { migrateDatabase } from '../../server/migrate-database.ts'
import type { Command } from '../command.ts'
import { note, print, printJson } from '../print.ts'
import { readServerConfig, serverOptions } from './server.ts'

const databases = ['sqlite', 'postgres'] as const

export const command: Command = {
  usage: '--to postgres|sqlite [--config FILE] [--data DIR]',
  about:
    'Copies all rows of the database into the other kind, and compares what was written. Stop every server first, and give it a new, empty\n' +
    'database: all is copied or nothing, so run it again when it was cut off. Then set `database` and start the server.\n' +
    'The old database is only read.',
  examples: ['slipway server migrate-database --to postgres --config /usr/local/etc/slipway/server.yaml'],
  options: { ...serverOptions, to: { value: 'DATABASE', describe: 'postgres or sqlite: where the rows are to be' } },
  words: [0, 0],
  async run(invocation) {
    const config = await readServerConfig(invocation)
    const to = databases.find((it) => it === invocation.text('to'))
    if (!to)
      throw new AppError('input-invalid', `--to is ${invocation.text('to') ?? 'missing'}; it is postgres or sqlite`)
    const migrated = await migrateDatabase(config, to, (table, rows) => {
      if (rows > 0) note(`${table}: ${rows}`)
    })
    if (invocation.json) printJson(migrated)
    else
      print(
        `${migrated.rows} rows in ${migrated.tables} tables were copied; now set database: ${to}, and start the server`,
      )
    return 0
  },
}
