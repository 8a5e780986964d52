import { randomBytes } from 'node:crypto'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Postgres, startPostgres } from '../../support/postgres.ts'
import { freePort } from '../../support/processes.ts'
import { replaced } from '../../support/replaced.ts'
import { commandsWith, replicasFolder } from '../../support/shipped-replicas.ts'
import { sh } from './shell.ts'

/**
 * PostgreSQL as README.md of the example sets it up, by its own commands: with TLS, a role with a password and its database. `folder` has the certificate, and
 * gets `database-password`. `address` is where servers reach it.
 */
export async function startShippedPostgres(folder: string): Promise<{ postgres: Postgres; address: string }> {
  const [configure = '', make = ''] = (await commandsWith('-f -')).split('service postgresql restart\n')
  const [, psql] = /^su postgres -c '(psql .*?)' < postgres.sql$/m.exec(make) ?? []
  const addresses = {
    'localhost,10.0.0.21': '127.0.0.1',
    '10.0.0.11/32': '127.0.0.1/32',
    '10.0.0.12/32': '127.0.0.2/32',
  }
  const port = await freePort()
  const postgres = await startPostgres({
    superuser: 'postgres',
    port,
    async configure(data) {
      const { uid, gid } = await stat(data)
      const own = replaced(configure, addresses).replaceAll('-o postgres -g postgres', `-o ${uid} -g ${gid}`)
      await sh(`data=${data} conf=${data}\n${own}`, { cwd: folder })
    },
  })
  try {
    await sh(`${psql} '${postgres.url('postgres')}' < postgres.sql`, { cwd: replicasFolder })
    const password = randomBytes(32).toString('hex')
    // `\password` would ask the terminal of whoever runs the tests.
    await postgres.sql(`alter role slipway password '${password}'`)
    await writeFile(join(folder, 'database-password'), `${password}\n`, { mode: 0o400 })
  } catch (error) {
    await postgres.close()
    throw error
  }
  return { postgres, address: `localhost:${port}` }
}
