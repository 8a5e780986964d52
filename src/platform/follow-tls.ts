import { dirname } from 'node:path'
import type { SecureContextOptions, Server } from 'node:tls'
import { fingerprintOf } from './certificate.ts'
import { followFile } from './follow-file.ts'
import type { Log } from './log.ts'
import { expiryOf, readTlsPair, type TlsFiles, type TlsPair } from './tls-pair.ts'

/** A certificate and its key, as they stand in their files now. */
export interface FollowedTls {
  pair(): TlsPair
  /** What to make a server with: TLS 1.2 or newer. */
  options(): SecureContextOptions
  /** From now on the server gets each new pair. Connections are not touched; new ones get the new certificate. */
  keepNew(server: Server): void
}

export interface FollowTlsOptions {
  files: TlsFiles
  log: Log
  /** Ends the watch over the files. */
  signal: AbortSignal
  /** Called with each pair that is put to use, the first included. */
  onPair?(pair: TlsPair): void
}

/** A change that no folder told of, say behind a symbolic link to another one, is found within this time. */
const pollMs = 60_000

/**
 * Reads certificate and key, and follows them from then on: whatever way a renewal takes (rename, symbolic link, new content), and at
 * SIGHUP. A pair that cannot be used, say when only one of its files has been renewed yet, is told once, and the old one stays.
 * @throws AppError config-invalid when there is no pair to begin with
 */
export async function followTls({ files, log, signal, onPair }: FollowTlsOptions): Promise<FollowedTls> {
  const servers = new Set<Server>()
  let pair = await readTlsPair(files)
  let problem: string | undefined
  use(pair)

  function use(next: TlsPair): void {
    for (const server of servers) server.setSecureContext(secureOptions(next))
    pair = next
    describe(next, files, log)
    onPair?.(next)
  }

  async function reload(): Promise<void> {
    try {
      const fresh = await readTlsPair(files)
      problem = undefined
      if (fresh.cert !== pair.cert || fresh.key !== pair.key) use(fresh)
    } catch (error) {
      const { message } = error as Error
      if (message !== problem) log.warn({ err: error }, 'the changed TLS files cannot be used; the old ones stay')
      problem = message
    }
  }

  follow(files, signal, reload)
  return {
    pair: () => pair,
    options: () => secureOptions(pair),
    keepNew(server) {
      servers.add(server)
      server.once('close', () => servers.delete(server))
    },
  }
}

function secureOptions({ cert, key }: TlsPair): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2' }
}

/** Calls `reload` after changes in the folders of the files and at SIGHUP, one call at a time, until `signal` is aborted. */
function follow(files: TlsFiles, signal: AbortSignal, reload: () => Promise<void>): void {
  let last = Promise.resolve()
  const next = () => {
    last = last.then(reload)
    return last
  }
  process.on('SIGHUP', next)
  signal.addEventListener('abort', () => process.off('SIGHUP', next), { once: true })
  const one = dirname(files.cert) === dirname(files.key)
  for (const path of one ? [files.cert] : [files.cert, files.key]) followFile(path, { pollMs, signal }, next)
}

/** Tells what an operator should know of a pair that is in use; the fingerprint is the one that `slipway login` shows. */
function describe({ chain }: TlsPair, { cert: path }: TlsFiles, log: Log): void {
  const now = Date.now()
  const expiresAt = expiryOf(chain)
  log.info({ path, expiresAt, fingerprint: fingerprintOf(chain.at(-1) ?? chain[0]) }, 'TLS certificate in use')
  if (expiresAt.getTime() <= now) log.warn({ path, expiresAt }, 'the TLS certificate has expired: clients refuse it')
  if (chain.some(({ validFromDate }) => validFromDate.getTime() > now))
    log.warn({ path }, 'the TLS certificate is not valid yet: clients refuse it')
}
