import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ServerConfig } from '../../../src/contract/server-config.ts'
import { fingerprintOf } from '../../../src/platform/certificate.ts'
import { loadConfig } from '../../../src/platform/config.ts'
import { replaceFile } from '../../../src/platform/files.ts'
import { openHttp } from '../../../src/platform/http.ts'
import { databaseFile } from '../../../src/server/data-folder.ts'
import { openServer } from '../../../src/server/server.ts'
import { makeCertificate } from '../../support/certificate.ts'
import { type Prometheus, startPrometheus } from '../../support/prometheus.ts'
import { type Rule, shippedConfig } from '../../support/shipped-prometheus.ts'

const day = 86_400_000
const diskMiB = 64

/**
 * A server with a certificate, on a small disk, and with a Prometheus of its own that scrapes it, and the server at `discovery`, which it asks with a
 * token that is none where hosts are.
 */
export async function startTroubledServer(
  folder: string,
  discovery: { url: string; token: string },
  hasten: (rule: Rule) => Rule,
) {
  await using starting = new AsyncDisposableStack()
  const data = join(folder, 'troubled')
  await mkdir(data, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m`, 'tmpfs', data])
  starting.defer(() => void execFileSync('umount', ['--lazy', data]))
  const files = { tlsCert: join(folder, 'troubled.pem'), tlsKey: join(folder, 'troubled-key.pem') }
  const first = makeCertificate({ validTo: new Date(Date.now() + 5 * day) })
  await replaceFile(files.tlsKey, first.key, { mode: 0o600 })
  await replaceFile(files.tlsCert, first.cert)
  const flags = { listen: '127.0.0.1:0', logLevel: 'silent', data, ...files }
  const server = await openServer(await loadConfig(ServerConfig, { flags }))
  starting.defer(server.close)

  const own = join(folder, 'troubled-prometheus')
  await mkdir(own)
  const config = (await shippedConfig({ folder: own, url: discovery.url, token: 'slw_none', hasten })) as {
    scrape_configs: { job_name: string }[]
  }
  for (const job of config.scrape_configs)
    if (job.job_name === 'slipway-server')
      Object.assign(job, {
        static_configs: [
          { targets: [new URL(discovery.url).host] },
          { targets: [new URL(server.url).host], labels: { __scheme__: 'https' } },
        ],
        tls_config: { insecure_skip_verify: true },
      })
  const prometheus: Prometheus = await startPrometheus({ folder: own, config })
  starting.defer(prometheus.stop)
  const admin = (await readFile(join(data, 'admin-token'), 'utf8')).trim()
  // The key stays when the certificate is renewed.
  const pin = fingerprintOf(new X509Certificate(first.cert))
  const http = openHttp({ url: server.url, authorization: `Bearer ${admin}`, trust: { fingerprint: pin } })
  starting.defer(http.close)
  const database = new DatabaseSync(databaseFile(data))
  starting.defer(() => database.close())
  const started = starting.move()
  const ballast = join(data, 'ballast')

  return {
    url: server.url,
    prometheus,
    /** From now on what reads or writes operations fails, and what does the audit. */
    loseTables: () =>
      database.exec('alter table operations rename to lost_operations; alter table audit rename to lost_audit'),
    findTables: () =>
      database.exec('alter table lost_operations rename to operations; alter table lost_audit rename to audit'),
    ask: async (path: string) => (await http.send('GET', path)).text(),
    fillDisk: () => writeFile(ballast, Buffer.alloc((diskMiB - 5) * 1024 * 1024)),
    clearDisk: () => rm(ballast),
    renewCertificate: () =>
      replaceFile(files.tlsCert, makeCertificate({ key: first.key, validTo: new Date(Date.now() + 90 * day) }).cert),
    giveToken: () => writeFile(join(own, 'slipway-token'), discovery.token),
    stop: () => started.disposeAsync(),
  }
}

export type TroubledServer = Awaited<ReturnType<typeof startTroubledServer>>
