import { fastify } from 'fastify'
import type { Db } from '../../src/database/open.ts'
import { openLog } from '../../src/platform/log.ts'
import type { Blobs } from '../../src/registry/blobs.ts'
import { openFs } from '../../src/registry/blobs-fs.ts'
import { openPulls, type Pulls } from '../../src/registry/pulls.ts'
import type { RegistryOptions } from '../../src/registry/route-context.ts'
import { registryRoutes } from '../../src/registry/routes.ts'
import { openTestDatabase } from './test-database.ts'

export interface RunningRegistry {
  url: string
  db: Db
  blobs: Blobs
  pulls: Pulls
  close(): Promise<void>
}

/** The real registry alone, over what is in `folder`, on a free port unless one is named. It lets everybody do everything unless told otherwise. */
export async function runRegistry(
  folder: string,
  { port = 0, ...options }: Partial<RegistryOptions> & { port?: number } = {},
): Promise<RunningRegistry> {
  const db = await openTestDatabase(folder)
  const blobs = options.blobs ?? (await openFs({ folder }))
  const pulls = openPulls(db, {
    onError(error) {
      throw error
    },
  })
  const app = fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 512 } })
  await app.register((scope) =>
    registryRoutes(scope, {
      db,
      limits: { maxManifestBytes: 4 * 1024 * 1024, maxBlobBytes: 1024 * 1024 * 1024, maxOpenUploads: 100 },
      log: openLog('registry', 'silent'),
      authorize: async () => {},
      onChange: () => {},
      ...options,
      blobs,
      pulls,
    }),
  )
  const url = await app.listen({ host: '127.0.0.1', port })
  const close = async () => {
    await app.close()
    await pulls.close()
    await db.destroy()
  }
  return { url, db, blobs, pulls, close }
}
