import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { Whoami } from '../../contract/token.ts'
import { originOf, saveLogin, withClient } from '../client.ts'
import { type Command, UsageError } from '../command.ts'
import { print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'URL',
  about: 'Asks for a token (or reads it from standard input), tries it, and saves both for the commands that follow.',
  examples: ['slipway login https://slipway.example.org', 'slipway login http://127.0.0.1:8400 < .slipway/admin-token'],
  options: {},
  words: [1, 1],
  async run(invocation) {
    const url = originOf(invocation.words[0] ?? '')
    const token = await readToken()
    if (!/^slw_[0-9a-f]{16}_[0-9a-f]{64}$/.test(token))
      throw new UsageError('that is no token: one begins with slw_ and has 85 characters')
    const whoami = await withClient((client) => client.get(Whoami, '/whoami'), { url, token })
    const path = await saveLogin({ url, token })
    if (invocation.json) printJson({ url, ...whoami, path })
    else print(`logged in to ${url} as ${whoami.name} (${whoami.role}); saved in ${path}`)
    return 0
  },
}

/** A line from standard input; at a terminal it is asked for and not shown. */
async function readToken(): Promise<string> {
  const terminal = process.stdin.isTTY === true
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal })
  if (terminal) process.stderr.write('Token: ')
  for await (const line of lines) {
    if (terminal) process.stderr.write('\n')
    lines.close()
    return line.trim()
  }
  return ''
}
