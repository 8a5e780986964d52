import { once } from 'node:events'
import { connect, type LookupFunction } from 'node:net'
import { expect, test } from 'vitest'
import { unreachable } from '../../src/database/postgres-errors.ts'
import { freePort } from '../support/processes.ts'

test('a database of several addresses, none of which answers: the reason is told, though Node has no words for it', async () => {
  const lookup: LookupFunction = (_name, _options, answer) =>
    answer(null, [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ])
  const socket = connect({ host: 'db.internal', port: await freePort(), lookup })
  const [error] = await once(socket, 'error')
  expect(error).toBeInstanceOf(AggregateError)
  expect(unreachable(error)).toMatchObject({
    code: 'database-unavailable',
    message: 'the database cannot be reached: ECONNREFUSED',
  })
})
