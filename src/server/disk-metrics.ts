import { statfs } from 'node:fs/promises'
import { Gauge } from 'prom-client'
import type { ServerConfig } from '../contract/server-config.ts'
import type { Db } from '../database/open.ts'
import { postgresBytes } from '../database/postgres-size.ts'
import { sizeIfThere } from '../platform/files.ts'
import type { Metrics } from '../platform/metrics.ts'
import { databaseFile } from './data-folder.ts'

/** How full the disk is that the server keeps everything on, and what the database takes of it. */
export function diskMetrics(
  metrics: Metrics,
  { data: dataFolder, database }: Pick<ServerConfig, 'data' | 'database'>,
  db: Db,
): void {
  const gauge = (name: string, help: string, read: () => Promise<number>) =>
    new Gauge({
      name,
      help,
      registers: [metrics],
      async collect() {
        this.set(await read())
      },
    })
  gauge('slipway_storage_size_bytes', "Size of the file system of the server's data folder.", async () => {
    const { blocks, bsize } = await statfs(dataFolder)
    return blocks * bsize
  })
  gauge('slipway_storage_free_bytes', "What the server can still write to its data folder's file system.", async () => {
    const { bavail, bsize } = await statfs(dataFolder)
    return bavail * bsize
  })
  gauge('slipway_database_size_bytes', 'Size of the database with its log.', async () => {
    if (database === 'postgres') return postgresBytes(db)
    const file = databaseFile(dataFolder)
    const sizes = await Promise.all([file, `${file}-wal`].map(sizeIfThere))
    return sizes.reduce<number>((sum, size = 0) => sum + size, 0)
  })
}
