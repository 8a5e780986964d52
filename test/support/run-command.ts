import { vi } from 'vitest'
import { type Command, readInvocation } from '../../src/cli/command.ts'
import type { TestServer } from './server.ts'

/** Runs a command in this process, as the admin of a server. Answers its exit code and what it printed. */
export async function runCommand(
  server: TestServer,
  command: Command,
  ...argv: string[]
): Promise<{ exitCode: number; printed: string }> {
  vi.stubEnv('SLIPWAY_URL', server.url)
  vi.stubEnv('SLIPWAY_TOKEN', server.adminToken)
  let printed = ''
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text
    return true
  })
  try {
    return { exitCode: (await command.run(readInvocation(command, argv))) ?? 0, printed }
  } finally {
    stdout.mockRestore()
    vi.unstubAllEnvs()
  }
}
