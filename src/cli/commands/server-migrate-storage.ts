import { AppError } from '../../contract/errors.ts'
import { openBlobs } from '../../server/blob-store.ts'
import { openDatabase } from '../../server/database.ts'
import { migrateStorage } from '../../server/migrate-storage.ts'
import type { Command } from '../command.ts'
import { bytes, note, print, printJson } from '../print.ts'
import { openProgress } from '../progress.ts'
import { readServerConfig, serverOptions } from './server.ts'

const storages = ['fs', 's3'] as const

export const command: Command = {
  usage: '--to fs|s3 [--config FILE] [--data DIR]',
  about:
    'Copies the bytes of all artifacts to the other storage, and checks each by its digest. The server may go on running with the old one;\n' +
    'run it again after the server was stopped: it copies what is new, and goes on where it was when it was cut off.\n' +
    'Then set `storage` and start the server. The old storage is only read.',
  examples: ['slipway server migrate-storage --to s3 --config /usr/local/etc/slipway/server.yaml'],
  options: { ...serverOptions, to: { value: 'STORAGE', describe: 'fs or s3: where the bytes are to be' } },
  words: [0, 0],
  async run(invocation) {
    const config = await readServerConfig(invocation)
    const to = storages.find((it) => it === invocation.text('to'))
    if (!to) throw new AppError('input-invalid', `--to is ${invocation.text('to') ?? 'missing'}; it is fs or s3`)
    const from = to === 'fs' ? 's3' : 'fs'
    const db = await openDatabase(config)
    const progress = openProgress()
    try {
      const [old, young] = await Promise.all([
        openBlobs({ ...config, storage: from }),
        openBlobs({ ...config, storage: to }),
      ])
      const migrated = await migrateStorage(db, old, young, progress.show('checked'))
      if (invocation.json) printJson(migrated)
      else
        print(
          `${migrated.blobs} blobs (${bytes(migrated.blobBytes)}): ${migrated.copied} copied, ${migrated.there} were there`,
        )
      if (migrated.damaged.length === 0) return 0
      note(`${migrated.damaged.length} blobs are missing or damaged in the old storage; push what has them again:`)
      for (const digest of migrated.damaged.slice(0, 20)) note(`  ${digest}`)
      return 1
    } finally {
      progress.close()
      await db.destroy()
    }
  },
}
