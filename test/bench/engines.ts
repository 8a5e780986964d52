import { mkdir } from 'node:fs/promises'
import type { ServerConfig } from '../../src/contract/server-config.ts'
import { startMinio } from '../support/minio.ts'
import { startPostgres } from '../support/postgres.ts'

/** A MinIO and a PostgreSQL, both of which wait for the disk as they do by default. */
export interface Engines {
  /** The version of PostgreSQL, in words. */
  version: string
  /** Of servers that have a bucket and a database in common, which are empty. */
  settings(): Promise<Partial<ServerConfig>>
  stop(): Promise<void>
}

/** Both keep what they have in `folder`, which others must be able to pass. */
export async function startEngines(folder: string): Promise<Engines> {
  await mkdir(folder, { recursive: true })
  const minio = await startMinio(folder)
  const stopMinio = () => minio.kill()
  const postgres = await startPostgres({ isDurable: true, within: folder }).catch(async (error) => {
    await stopMinio()
    throw error
  })
  let databases = 0
  return {
    version: `PostgreSQL ${(await postgres.sql('show server_version')).split(' ')[0]}`,
    async settings() {
      const database = `bench_${databases++}`
      await postgres.sql(`create database ${database}`)
      return { ...(await minio.settings()), database: 'postgres', databaseUrl: postgres.url(database) }
    },
    async stop() {
      await Promise.all([stopMinio(), postgres.close()])
    },
  }
}
