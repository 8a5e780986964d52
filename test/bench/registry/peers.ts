import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ServerConfig } from '../../../src/contract/server-config.ts'
import { goProgram } from '../../support/go-program.ts'
import { startEngines } from '../engines.ts'
import { startSlipway } from '../slipway.ts'
import { freePort, type ServerProgram, startServerProgram } from './server-program.ts'

const run = promisify(execFile)

/** Modules that are built by Go, at the versions that were compared last. zot without build tags is what it calls minimal. */
const modules = {
  distribution: 'github.com/distribution/distribution/v3/cmd/registry@v3.1.2',
  zot: 'zotregistry.dev/zot/v2/cmd/zot@v2.1.21',
}

export interface RunningPeer extends ServerProgram {
  /** Which version runs. */
  version: string
  /** Sent with every request. */
  headers: Readonly<Record<string, string>>
}

export interface Peer {
  kind: 'registry' | 'static'
  /** The rows that it is for, when it is not for all. */
  rows?: readonly string[]
  /** What it promises of a push that it has answered. */
  durability: string
  /** Serves what is in `folder`, an empty one. `profile`: where ours leaves a profile of its processor time. */
  start(folder: string, profile: string | undefined): Promise<RunningPeer>
}

/** Each as it comes, without TLS and without a log of requests; the others check no token, ours does. */
export const peers: Readonly<Record<string, Peer>> = {
  slipway: {
    kind: 'registry',
    durability: 'file, folder and row are on the disk (fsync)',
    start: async (folder, profile) => ({ ...(await startSlipway(folder, {}, profile)), version: 'this tree' }),
  },
  'slipway-on-minio': {
    kind: 'registry',
    durability: 'MinIO has synced the file, but not its name, PostgreSQL the row; memory is that of the server alone',
    start: (folder) => startOnEngines(folder, {}),
  },
  'slipway-redirecting': {
    kind: 'registry',
    rows: ['pull', 'pull-small'],
    durability: 'as slipway-on-minio; sends its clients to MinIO for the bytes',
    start: (folder) => startOnEngines(folder, { s3Redirect: true }),
  },
  'docker-registry': {
    kind: 'registry',
    durability: 'file is on the disk (fsync), its name is not',
    async start(folder) {
      const { stdout } = await run('docker-registry', ['--version'])
      return startDistribution('docker-registry', /\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout, folder)
    },
  },
  distribution: {
    kind: 'registry',
    durability: 'file is on the disk (fsync), its name is not',
    start: async (folder) =>
      startDistribution(await goProgram(modules.distribution), versionOf(modules.distribution), folder),
  },
  zot: { kind: 'registry', durability: 'nothing is on the disk yet (`commit` is off by default)', start: startZot },
  nginx: { kind: 'static', durability: 'takes no pushes', start: startNginx },
}

function versionOf(module: string): string {
  return module.split('@v')[1] as string
}

/** Ours on a MinIO and a PostgreSQL, which wait for the disk and have it in common with everybody here. */
async function startOnEngines(folder: string, settings: Partial<ServerConfig>): Promise<RunningPeer> {
  const engines = await startEngines(folder)
  try {
    const server = await startSlipway(folder, { ...(await engines.settings()), ...settings })
    const stop = async () => {
      await server.stop()
      await engines.stop()
    }
    return { ...server, version: engines.version, stop }
  } catch (error) {
    await engines.stop()
    throw error
  }
}

/** docker-registry 2 and distribution 3 read the same configuration. The cache of descriptors is on in their examples. */
async function startDistribution(program: string, version: string, folder: string): Promise<RunningPeer> {
  const port = await freePort()
  const configuration = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      cache: { blobdescriptor: 'inmemory' },
      filesystem: { rootdirectory: join(folder, 'data') },
      delete: { enabled: true },
    },
    http: { addr: `127.0.0.1:${port}` },
  }
  const path = join(folder, 'config.yml')
  await writeFile(path, JSON.stringify(configuration))
  const environment = { OTEL_TRACES_EXPORTER: 'none' }
  const server = await startServerProgram([program, 'serve', path], { port, path: '/v2/', environment })
  return { ...server, version, headers: {} }
}

async function startZot(folder: string): Promise<RunningPeer> {
  const program = await goProgram(modules.zot)
  const port = await freePort()
  const path = join(folder, 'config.json')
  const configuration = {
    distSpecVersion: '1.1.1',
    storage: { rootDirectory: join(folder, 'data') },
    http: { address: '127.0.0.1', port: String(port) },
    log: { level: 'error' },
  }
  await writeFile(path, JSON.stringify(configuration))
  const server = await startServerProgram([program, 'serve', path], { port, path: '/v2/' })
  return { ...server, version: versionOf(modules.zot), headers: {} }
}

/** The settings that Debian ships, but for the number of requests that a connection may carry. */
async function startNginx(folder: string): Promise<RunningPeer> {
  const { stderr } = await run('nginx', ['-v'])
  const port = await freePort()
  await mkdir(join(folder, 'data'))
  const path = join(folder, 'nginx.conf')
  await writeFile(
    path,
    `daemon off; worker_processes auto; pid ${folder}/nginx.pid; error_log stderr error; user root;
events { worker_connections 768; }
http {
  sendfile on; tcp_nopush on; access_log off; keepalive_requests 1000000; default_type application/octet-stream;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port}; root ${folder}/data; }
}
`,
  )
  const server = await startServerProgram(['nginx', '-c', path, '-e', 'stderr'], { port, path: '/' })
  return { ...server, version: /nginx\/(\S+)/.exec(stderr)?.[1] ?? stderr, headers: {} }
}
