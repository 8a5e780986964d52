import { restoreServer } from '../../server/backup.ts'
import type { Command } from '../command.ts'
import { note, print, printJson } from '../print.ts'
import { readServerConfig, serverOptions } from './server.ts'

export const command: Command = {
  usage: 'FILE [--config FILE] [--data DIR]',
  about:
    'Puts a backup into a data folder that has no database yet, and checks that every blob of its list is there.\n' +
    'Copy the folder <data>/blobs to its place first.',
  examples: ['slipway server restore /backup/slipway-2026-11-22.tar --data /var/db/slipway-server'],
  options: serverOptions,
  words: [1, 1],
  async run(invocation) {
    const { data } = await readServerConfig(invocation)
    const restored = await restoreServer({ data, file: invocation.words[0] ?? '' })
    if (invocation.json) printJson(restored)
    else print(`${data}: the database of ${restored.madeAt} with ${restored.blobs} blobs`)
    if (restored.missing.length === 0) return 0
    note(`${restored.missing.length} blobs are missing; copy them to ${data}/blobs before the server starts:`)
    for (const digest of restored.missing.slice(0, 20)) note(`  ${digest}`)
    return 1
  },
}
