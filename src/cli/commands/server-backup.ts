import { backupServer, demandSqlite } from '../../server/backup.ts'
import type { Command } from '../command.ts'
import { bytes, print, printJson } from '../print.ts'
import { readServerConfig, serverOptions } from './server.ts'

export const command: Command = {
  usage: 'FILE [--config FILE] [--data DIR]',
  about:
    'Writes a consistent snapshot of the database and the list of all blobs into FILE, a tar archive. The server may go on running.\n' +
    'The bytes of the blobs are not in it: they never change, so copy <data>/blobs by rsync or zfs send, after the backup.\n' +
    'A database of PostgreSQL is backed up by pg_dump.',
  examples: ['slipway server backup /backup/slipway-$(date +%F).tar'],
  options: serverOptions,
  words: [1, 1],
  async run(invocation) {
    const config = await readServerConfig(invocation)
    demandSqlite(config)
    const { data } = config
    const made = await backupServer({ data, file: invocation.words[0] ?? '' })
    if (invocation.json) printJson(made)
    else print(`${made.file}: the database, and the list of ${made.blobs} blobs (${bytes(made.blobBytes)})`)
    return 0
  },
}
