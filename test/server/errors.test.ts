import { fastify } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { AppError } from '../../src/contract/errors.ts'
import { answerProblem } from '../../src/server/errors.ts'

test('O3 T27 a problem with status 429 says when to come again, whoever refused', async () => {
  const app = fastify()
  onTestFinished(() => app.close())
  app.setErrorHandler(answerProblem)
  app.get('/ours', async () => {
    throw new AppError('TOOMANYREQUESTS', 'one of too many')
  })
  app.get('/plugin', async () => {
    throw Object.assign(new Error('one of too many'), { statusCode: 429 })
  })
  app.get('/other', async () => {
    throw new AppError('conflict', 'not so')
  })
  for (const path of ['/ours', '/plugin']) {
    const answer = await app.inject(path)
    expect(answer.headers).toMatchObject({
      'retry-after': expect.stringMatching(/^[1-9]\d*$/),
      'content-type': expect.stringContaining('application/problem+json'),
    })
    expect(answer.json()).toMatchObject({ status: 429, code: 'TOOMANYREQUESTS', detail: 'one of too many' })
  }
  expect((await app.inject('/other')).headers).not.toHaveProperty('retry-after')
})
