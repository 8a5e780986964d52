import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { AppError } from '../contract/errors.ts'
import { makeFolder } from '../platform/files.ts'
import { packageFolder } from '../platform/program.ts'
import { splitAddress } from '../platform/serve.ts'
import { leash } from './leash.ts'
import { cutPower } from './processes.ts'

export interface ServerProcess {
  url: string
  /** Said when the server listens elsewhere than people expect. */
  notice?: string
  /** Rejects when the server ends by itself. */
  failed: Promise<never>
  stop(): Promise<void>
}

const usualAddress = '127.0.0.1:8400'
const stopMs = 15_000

/**
 * Starts `slipway server` as a process of its own, with its data in `data` and its log in server.log there, and answers when it
 * listens.
 * @throws AppError conflict when the address is taken; command-failed with the last line of its log when it ends at once
 */
export async function startServer(data: string, listen: string | undefined): Promise<ServerProcess> {
  await makeFolder(data, { mode: 0o700 })
  const free = await isFree(listen ?? usualAddress)
  if (!free && listen !== undefined)
    throw new AppError('conflict', `the address ${listen} is taken; choose another one with --listen`)
  const notice = free ? {} : { notice: `${usualAddress} is taken by another program, so the server takes a free port` }

  const command = join(await packageFolder(import.meta.dirname), 'src/cli/slipway.js')
  const address = listen ?? (free ? usualAddress : '127.0.0.1:0')
  const child = spawn(process.execPath, [command, 'server', '--data', data, '--listen', address], {
    // A group of its own: a Ctrl-C in the terminal reaches the devstack alone, which stops the hosts first.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Settings of the one who starts the devstack are for other servers.
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
  })
  const ended = once(child, 'exit')
  if (child.pid !== undefined) leash(child.pid)

  const log = createWriteStream(join(data, 'server.log'), { flags: 'a', mode: 0o600 })
  const listening = Promise.withResolvers<string>()
  let last = 'it said nothing'
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.write(`${line}\n`)
    last = line
    const { msg, url } = readLine(line)
    if (msg === 'server listening' && url !== undefined) listening.resolve(url)
  })
  const failed = ended.then(() => {
    throw new AppError(
      'command-failed',
      `the server ended by itself; the end of ${data}/server.log: ${last.slice(0, 500)}`,
    )
  })
  // Whoever waits for it gets it; when nobody does, the server was told to stop.
  failed.catch(() => {})

  const url = await Promise.race([listening.promise, failed])
  return {
    url,
    ...notice,
    failed,
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
      await ended
      clearTimeout(timer)
      if (child.pid !== undefined) await cutPower(child.pid)
      log.end()
    },
  }
}

function readLine(line: string): { msg?: string; url?: string } {
  try {
    return JSON.parse(line)
  } catch {
    return {}
  }
}

function isFree(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    // Whatever else is wrong with the address, the server itself says it better.
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'))
    server.listen(splitAddress(address), () => server.close(() => resolve(true)))
  })
}
