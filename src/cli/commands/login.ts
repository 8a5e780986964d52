import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { type Digest, isDigest } from '../../contract/digest.ts'
import { Whoami } from '../../contract/token.ts'
import type { Trust } from '../../platform/trust.ts'
import { authorityOfEnvironment, originOf, reachServer, readAuthority, saveLogin, withClient } from '../client.ts'
import { type Command, type Invocation, UsageError } from '../command.ts'
import { print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'URL [--ca FILE | --fingerprint SHA256]',
  about:
    'Asks for a token (or reads it from standard input), tries it, and saves all of it for the commands that follow. A server whose\n' +
    'certificate is not by an authority that this machine knows is trusted by that of its authority, or by the fingerprint of a key.',
  examples: [
    'slipway login https://slipway.example.org',
    'slipway login http://127.0.0.1:8400 < .slipway/admin-token',
    'slipway login https://10.0.0.5:8443 --ca our-authority.pem',
    'slipway login https://10.0.0.5:8443 --fingerprint sha256:2ca0…',
  ],
  options: {
    ca: {
      value: 'FILE',
      describe: "the certificate of the server's authority, or its own when it is self-signed (SLIPWAY_CA)",
    },
    fingerprint: { value: 'SHA256', describe: 'that of the public key, as the log of the server says it at the start' },
  },
  words: [1, 1],
  async run(invocation) {
    const url = originOf(invocation.words[0] ?? '')
    const trust = await readTrust(invocation, url)
    await reachServer(url, trust)
    const token = await readToken()
    if (!/^slw_[0-9a-f]{16}_[0-9a-f]{64}$/.test(token))
      throw new UsageError('that is no token: one begins with slw_ and has 85 characters')
    const login = { url, token, ...trust }
    const whoami = await withClient((client) => client.get(Whoami, '/whoami'), login)
    const path = await saveLogin(login)
    if (invocation.json) printJson({ url, ...whoami, path })
    else print(`logged in to ${url} as ${whoami.name} (${whoami.role}); saved in ${path}`)
    return 0
  },
}

async function readTrust(invocation: Invocation, url: string): Promise<Trust> {
  const path = invocation.text('ca')
  const text = invocation.text('fingerprint')
  if (path === undefined && text === undefined) return { ca: await authorityOfEnvironment() }
  if (!url.startsWith('https:')) throw new UsageError(`--ca and --fingerprint are for https, and ${url} is not`)
  return {
    ...(path === undefined ? {} : { ca: await readAuthority(path) }),
    ...(text === undefined ? {} : { fingerprint: readFingerprint(text) }),
  }
}

/** `sha256:` and 64 digits, or the same as openssl prints it: capitals, with colons between. @throws UsageError */
function readFingerprint(text: string): Digest {
  const digits = text
    .toLowerCase()
    .replace(/^sha256:/, '')
    .replaceAll(':', '')
  const fingerprint = `sha256:${digits}`
  if (!isDigest(fingerprint))
    throw new UsageError(`--fingerprint takes the 64 hexadecimal digits of a SHA-256, not ${JSON.stringify(text)}`)
  return fingerprint
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
