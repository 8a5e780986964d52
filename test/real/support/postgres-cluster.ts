import type { TestProject } from 'vitest/node'
import { openPostgres } from '../../../src/database/open-postgres.ts'
import { startPostgres } from '../../support/postgres.ts'
import { templateName } from '../../support/test-database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: string
  }
}

/** One PostgreSQL for all tests of the project, with a database that has the tables. Its own database is for making others. */
export default async function setup(project: TestProject) {
  const postgres = await startPostgres()
  await postgres.sql(`create database ${templateName}`)
  await (await openPostgres({ connectionString: postgres.url(templateName), applicationName: 'setup' })).destroy()
  project.provide('postgres', postgres.url('postgres'))
  return () => postgres.close()
}
