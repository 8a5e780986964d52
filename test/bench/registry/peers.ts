import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { goProgram } from '../../support/go-program.ts'
import { freePort, type ServerProgram, startServerProgram } from './server-program.ts'

const run = promisify(execFile)
const top = join(import.meta.dirname, '../../..')

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
  /** What it promises of a push that it has answered. */
  durability: string
  /** Serves what is in `folder`, an empty one. `profile`: where ours leaves a profile of its processor time. */
  start(folder: string, profile: string | undefined): Promise<RunningPeer>
}

/** Each as it comes, without TLS and without a log of requests; the others check no token, ours does. */
export const peers: Readonly<Record<string, Peer>> = {
  slipway: { kind: 'registry', durability: 'file, folder and row are on the disk (fsync)', start: startSlipway },
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

async function startSlipway(folder: string, profile: string | undefined): Promise<RunningPeer> {
  const port = await freePort()
  const out = join(top, 'dist/bench')
  await run(process.execPath, [join(top, 'deploy/build.ts'), '--out', out, 'command'])
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const server = await startServerProgram(
    [process.execPath, ...flags, join(out, 'slipway.js'), 'server', '--data', folder, '--listen', `127.0.0.1:${port}`],
    { port, path: '/healthz' },
  )
  const token = (await readFile(join(folder, 'admin-token'), 'utf8')).trim()
  return { ...server, version: 'this tree', headers: { authorization: `Bearer ${token}` } }
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
