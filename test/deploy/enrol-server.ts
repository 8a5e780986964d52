import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { packBundle } from '../../src/artifact/pack-bundle.ts'
import { type Digest, digest12 } from '../../src/contract/digest.ts'
import { joinTokenText } from '../../src/contract/enrolment.ts'
import { releaseSetText } from '../../src/contract/release-set.ts'
import { sha256 } from '../../src/platform/digest.ts'

const top = join(import.meta.dirname, '../..')

export interface Enrolment {
  authorization: string
  name: string
  platform: object
  key: string
}

/** The little of a server that install.sh needs, with one agent to give; it can be told to fail. */
export interface EnrolServer {
  url: string
  token: string
  /** What was asked for, in order: "GET /api/v1/enrol/agent". */
  asked: string[]
  enrolments: Enrolment[]
  /** Names of the folders that a host must get. */
  release: string
  set: string
  /** Answers a request in another way than usual; answers whether it did. */
  instead: ((route: string, response: ServerResponse) => boolean) | undefined
  close(): Promise<void>
}

export const hostId = '0123456789abcdef'

/** An agent that runs until it is stopped, and writes down how it was started. */
const agent = `import { writeFileSync } from 'node:fs'
const root = process.argv[3]
writeFileSync(root + '/var/db/slipway/agent-ran', process.argv.slice(2).join(' '))
setInterval(() => {}, 1000)
`

export interface EnrolServerTls {
  cert: string
  key: string
  /** What the token pins. */
  fingerprint?: Digest
}

export async function startEnrolServer(folder: string, tls?: EnrolServerTls): Promise<EnrolServer> {
  const version = '1.0.0'
  const files = {
    'component.json': '{"name":"agent"}',
    'main.js': agent,
    'agent-launcher': await readFile(join(top, 'deploy/host/agent-launcher'), 'utf8'),
    'rc.d/slipway_agent': await readFile(join(top, 'deploy/rc.d/slipway_agent'), 'utf8'),
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, 'agent', path)), { recursive: true })
    await writeFile(join(folder, 'agent', path), text)
  }
  await packBundle(join(folder, 'agent'), join(folder, 'bundle'))
  const bundle = await readFile(join(folder, 'bundle'))
  const manifest = sha256('the manifest of the agent')
  const components = [{ name: 'agent', version, digest: manifest }]
  const set = { digest: sha256(releaseSetText(components)), components }
  const facts = `version ${version}\nmanifest ${manifest}\nset ${set.digest}\nbundle ${sha256(bundle)}\n`

  const answers: Readonly<Record<string, () => string | Buffer | Promise<Buffer>>> = {
    'GET /install.sh': () => readFile(join(top, 'deploy/host/install.sh')),
    'GET /api/v1/enrol/agent': () => facts,
    'GET /api/v1/enrol/agent-bundle': () => bundle,
    'GET /api/v1/enrol/agent/set.json': () => JSON.stringify(set),
    'GET /api/v1/enrol/agent/release.json': () => JSON.stringify({ name: 'agent', version }),
    'POST /api/v1/enrol': () => JSON.stringify({ host: hostId, name: 'host1', channel: 'stable' }),
  }
  const listener: RequestListener = async (request, response) => {
    let body = ''
    for await (const piece of request.setEncoding('utf8')) body += piece
    const route = `${request.method} ${request.url}`
    it.asked.push(route)
    const { authorization = '' } = request.headers
    if (route === 'POST /api/v1/enrol') it.enrolments.push({ authorization, ...JSON.parse(body) })
    if (it.instead?.(route, response)) return
    const answer = answers[route]
    if (!answer || (route !== 'GET /install.sh' && authorization !== 'Bearer slw_secret')) response.writeHead(401).end()
    else response.end(await answer())
  }
  const server = tls ? createTlsServer({ cert: tls.cert, key: tls.key }, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const it: EnrolServer = {
    url,
    token: joinTokenText({ secret: 'slw_secret', agentDigest: sha256(bundle), url, fingerprint: tls?.fingerprint }),
    asked: [],
    enrolments: [],
    release: `${version}-${digest12(manifest)}`,
    set: digest12(set.digest),
    instead: undefined,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return it
}
