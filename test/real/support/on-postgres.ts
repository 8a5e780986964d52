import { afterAll, inject } from 'vitest'
import { dropTestDatabases, runOnPostgres } from '../../support/test-database.ts'

runOnPostgres(inject('postgres'))
afterAll(dropTestDatabases)
