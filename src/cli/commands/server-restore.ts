import { demandSqlite, restoreServer } from '../../server/backup.ts'
import { openBlobs } from '../../server/blob-store.ts'
import type { Command } from '../command.ts'
import { note, print, printJson } from '../print.ts'
import { readServerConfig, serverOptions } from './server.ts'

export const command: Command = {
  usage: 'FILE [--config FILE] [--data DIR]',
  about:
    'Puts a backup into a data folder that has no database yet, and checks that every blob of its list is there.\n' +
    'Copy the folder <data>/blobs to its place first; blobs in a bucket (storage s3) stay where they are.',
  examples: ['slipway server restore /backup/slipway-2026-11-22.tar --data /var/db/slipway-server'],
  options: serverOptions,
  words: [1, 1],
  async run(invocation) {
    const config = await readServerConfig(invocation)
    demandSqlite(config)
    const { data } = config
    const restored = await restoreServer({ data, file: invocation.words[0] ?? '', blobs: () => openBlobs(config) })
    if (invocation.json) printJson(restored)
    else print(`${data}: the database of ${restored.madeAt} with ${restored.blobs} blobs`)
    if (restored.missing.length === 0) return 0
    const store = config.storage === 'fs' ? `${data}/blobs` : `the bucket ${config.s3Bucket}`
    note(`${restored.missing.length} blobs are missing; copy them to ${store} before the server starts:`)
    for (const digest of restored.missing.slice(0, 20)) note(`  ${digest}`)
    return 1
  },
}
