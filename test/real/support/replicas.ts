import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { parse, stringify } from 'yaml'
import type { ServerConfig } from '../../../src/contract/server-config.ts'
import { sizeIfThere } from '../../../src/platform/files.ts'
import { makeCertificate } from '../../support/certificate.ts'
import type { Postgres } from '../../support/postgres.ts'
import { end, freePort, isGone, until } from '../../support/processes.ts'
import { replaced } from '../../support/replaced.ts'
import { shippedReplicas } from '../../support/shipped-replicas.ts'
import { makeInternalAuthority } from './internal-authority.ts'
import { type ShippedMinio, startShippedMinio } from './shipped-minio.ts'
import { startShippedPostgres } from './shipped-postgres.ts'

const entry = join(import.meta.dirname, '../../../src/cli/slipway.js')

/**
 * Several real servers over one PostgreSQL and one MinIO, all set up as README.md of the example says, and behind the shipped HAProxy; only addresses and
 * folders are others. What stands in /usr/local/etc/slipway-server there is in the folder that was given.
 */
export interface Replicas {
  /** What clients use: the balancer over plain HTTP, or the first server when there is no balancer. */
  url: string
  /** The balancer as others see it: it speaks TLS. Its certificate vouches for 127.0.0.1, and is in the file `ca`. */
  secure: { url: string; ca: string }
  /** Each server by itself. */
  urls: string[]
  /** The first admin's token. */
  admin: string
  postgres: Postgres
  minio: ShippedMinio
  /** The settings that servers have in common: database, storage and the rest. */
  settings: Partial<ServerConfig>
  /** What a server has said. */
  log(server: number): Promise<string>
  /** Ends a server, suddenly unless told otherwise, and answers when it is gone. */
  kill(server: number, signal?: NodeJS.Signals): Promise<void>
  /** Starts a server, again, and answers when it is ready. The balancer sees it within some seconds. */
  start(server: number): Promise<void>
  /** Says something to the balancer's socket, and answers what it said: `set server servers/a state drain`. */
  balancer(command: string): Promise<string>
  /** What the balancer knows of each server: its `status`, requests that are open now (`scur`), and all there were (`stot`). */
  balancedServers(): Promise<Record<string, string | undefined>[]>
  /** Waits until the balancer sends requests to each of these servers, and to no other. */
  balanced(servers: readonly number[]): Promise<void>
  /** Ends everything, and removes the database. */
  stop(): Promise<void>
}

export interface ReplicasOptions {
  servers?: number
  /** Over those that are shipped. */
  settings?: Partial<ServerConfig>
  behind?: 'haproxy' | 'none'
}

/** Starts them together, on an empty database. Call `stop` in the end. */
export async function startReplicas(
  folder: string,
  { servers = 2, settings: own = {}, behind = 'haproxy' }: ReplicasOptions = {},
): Promise<Replicas> {
  await using starting = new AsyncDisposableStack()
  await makeInternalAuthority(folder)
  const { postgres, address: databaseAddress } = await startShippedPostgres(folder)
  starting.defer(() => postgres.close())
  const minio = await startShippedMinio(folder)
  starting.defer(() => minio.kill())

  const ports = await Promise.all(Array.from({ length: servers }, freePort))
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  const balancer = behind === 'haproxy' ? await startBalancer(folder, urls) : undefined
  if (balancer) starting.defer(() => end(balancer.child, 'SIGKILL'))
  const url = balancer?.url ?? (urls[0] as string)
  const here = (text: string) => text.replaceAll('/usr/local/etc/slipway-server', folder)
  const addresses = {
    'https://slipway.example.org': url,
    'trustedProxies: 10.0.0.10': 'trustedProxies: loopback',
    'db.internal:5432': databaseAddress,
    'https://minio.internal:9000': minio.options.endpoint,
  }
  const common = parse(replaced(here(await shippedReplicas('server.yaml')), addresses))
  const settings: Partial<ServerConfig> = { ...common, ...own }
  const service = here(await shippedReplicas('slipway-server.conf'))
  const environment = Object.fromEntries([...service.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, ...pair]) => pair))

  const data = (server: number) => join(folder, `server-${server}`)
  const children: ChildProcess[] = []
  const replicas: Omit<Replicas, 'admin'> = {
    url,
    secure: { url: balancer?.secureUrl ?? url, ca: balancer?.certificate ?? '' },
    urls,
    postgres,
    minio,
    settings,
    log: (server) => readFile(join(folder, `server-${server}.log`), 'utf8'),
    async kill(server, signal = 'SIGKILL') {
      await end(children[server], signal)
    },
    async start(server) {
      const config = join(folder, `server-${server}.yaml`)
      const address = urls[server] as string
      const { host: listen } = new URL(address)
      await writeFile(config, stringify({ ...settings, listen, replicaUrl: address, data: data(server) }))
      const log = await open(join(folder, `server-${server}.log`), 'a')
      const child = spawn(process.execPath, [entry, 'server', '--config', config], {
        stdio: ['ignore', log.fd, log.fd],
        env: { PATH: process.env.PATH ?? '', HOME: folder, ...environment },
      })
      children[server] = child
      await log.close()
      await until(`an answer of server ${server}`, async () => {
        if (isGone(child)) throw new Error(`server ${server} ended:\n${(await replicas.log(server)).slice(-2000)}`)
        return isReady(address)
      })
    },
    async balancer(command) {
      if (!balancer) throw new Error('there is no balancer')
      return say(balancer.socket, command)
    },
    async balancedServers() {
      const [head = '', ...lines] = (await replicas.balancer('show stat')).split('\n')
      const names = head.replace(/^# /, '').split(',')
      return lines
        .filter((line) => /^servers,[ab],/.test(line))
        .map((line) => Object.fromEntries(line.split(',').map((value, column) => [names[column], value])))
    },
    async balanced(those) {
      const wanted = urls.map((_, server) => (those.includes(server) ? 'UP' : 'DOWN'))
      await until(`servers ${those} in the balancer, and no other`, async () => {
        const seen = await replicas.balancedServers()
        return seen.every(({ status }, server) => status === wanted[server])
      })
    },
    async stop() {
      await started.disposeAsync()
    },
  }
  starting.defer(async () => {
    await Promise.all(children.map((child) => end(child, 'SIGKILL')))
  })
  await Promise.all(urls.map((_, server) => replicas.start(server)))
  if (balancer) await replicas.balanced(urls.map((_, server) => server))
  const admin = await findAdmin(urls.map((_, server) => join(data(server), 'admin-token')))
  const started = starting.move()
  return { ...replicas, admin }
}

/** HAProxy with the shipped configuration, of which only addresses are replaced. */
async function startBalancer(folder: string, urls: readonly string[]) {
  if (urls.length !== 2) throw new Error(`haproxy.cfg is for two servers, not for ${urls.length}`)
  const [plainPort, securePort, port] = [await freePort(), await freePort(), await freePort()]
  const certificate = join(folder, 'balancer.pem')
  const { cert, key } = makeCertificate()
  await writeFile(certificate, `${cert}${key}`)
  const socket = join(folder, 'balancer.sock')
  const config = join(folder, 'haproxy.cfg')
  const addresses = {
    '/dev/log': 'stderr format raw',
    '/run/haproxy/admin.sock': socket,
    'bind :80': `bind 127.0.0.1:${plainPort}`,
    // Beside it without TLS, for tools that need not be told of a certificate.
    'bind :443 ssl': `bind 127.0.0.1:${port}\n    bind 127.0.0.1:${securePort} ssl`,
    '/etc/haproxy/slipway.pem': certificate,
    '10.0.0.11:8400': new URL(urls[0] as string).host,
    '10.0.0.12:8400': new URL(urls[1] as string).host,
  }
  await writeFile(config, replaced(await shippedReplicas('haproxy.cfg'), addresses))
  const log = await open(join(folder, 'haproxy.log'), 'a')
  const child = spawn('haproxy', ['-db', '-f', config], { stdio: ['ignore', log.fd, log.fd] })
  await once(child, 'spawn')
  await log.close()
  await until('a balancer that listens', async () => {
    if (isGone(child)) throw new Error(`HAProxy ended:\n${await readFile(join(folder, 'haproxy.log'), 'utf8')}`)
    return say(socket, 'show info').catch(() => false)
  })
  return { child, socket, certificate, url: `http://127.0.0.1:${port}`, secureUrl: `https://127.0.0.1:${securePort}` }
}

async function say(socket: string, command: string): Promise<string> {
  const connection = connect(socket)
  connection.write(`${command}\n`)
  return readAll(connection)
}

async function findAdmin(files: readonly string[]): Promise<string> {
  const there = await Promise.all(files.map(sizeIfThere))
  const written = files.filter((_, at) => there[at] !== undefined)
  if (written.length !== 1) throw new Error(`${written.length} servers have written an admin token`)
  return (await readFile(written[0] as string, 'utf8')).trim()
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    async (response) => {
      await response.arrayBuffer()
      return response.ok
    },
    () => false,
  )
}
