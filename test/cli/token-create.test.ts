import { expect, test } from 'vitest'
import { readInvocation, UsageError } from '../../src/cli/command.ts'
import { command } from '../../src/cli/commands/token-create.ts'

test.each([
  ['neither', []],
  ['both', ['--role', 'viewer', '--scope', 'pull:*']],
])('a token with a role or scopes: %s is a wrong command line', async (_name, options) => {
  const run = command.run(readInvocation(command, ['ci', ...options]))
  await expect(run).rejects.toThrow(new UsageError('give either --role or --scope'))
})

test('a scope that is none is refused before anything is sent', async () => {
  const run = command.run(readInvocation(command, ['ci', '--scope', 'push:tools']))
  await expect(run).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining('push:tools') })
})
