import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TSchema } from 'typebox'
import { publishComponent } from '../../src/artifact/publish.ts'
import { Promoted } from '../../src/contract/channel.ts'
import { DesiredDocument } from '../../src/contract/desired.ts'
import { CreatedJoinToken, type CreateJoinToken, Enrolled } from '../../src/contract/enrolment.ts'
import { FloatingRange } from '../../src/contract/floating-range.ts'
import { AppliedStack } from '../../src/contract/plan.ts'
import type { ReleaseSet } from '../../src/contract/release-set.ts'
import type { HostReport } from '../../src/contract/report.ts'
import { CreatedToken, type Role } from '../../src/contract/token.ts'
import { type Http, openHttp } from '../../src/platform/http.ts'
import { refusal, requestJson } from '../../src/platform/json-http.ts'
import { openWebSocket, type Stream } from '../../src/platform/web-socket.ts'
import { componentFile } from '../support/component-file.ts'
import { publishRandomImage } from '../support/random-image.ts'

/** A host that is only a credential: what it reports is what the test says. */
export interface ReportingHost {
  name: string
  desired(): Promise<ReleaseSet | null>
  /** All that the host is told. */
  document(): Promise<DesiredDocument>
  /** Dials a stream of the server, as the host's agent does. */
  dial(stream: string): Promise<Stream>
  /** Sends a report of a host that is idle, healthy and runs `current`, changed by `parts`. */
  report(current: ReleaseSet | null, parts?: Partial<HostReport>): Promise<void>
}

/** Fills a real server over its API, as pipelines, operators and hosts do. */
export interface FleetByApi {
  publish(component: string, version: string): Promise<void>
  /** An image of one MiB, which no two have alike. */
  publishImage(name: string, version: string): Promise<void>
  /** Applies the text of a stack. @throws AppError when the server refuses it */
  apply(text: string): Promise<void>
  /** Declares outside addresses that stacks may have. */
  declare(range: FloatingRange): Promise<void>
  promote(channel: string, ...releases: [component: string, version: string][]): Promise<void>
  /** Enrols hosts with one join token. */
  enrol(names: readonly string[], token: CreateJoinToken): Promise<ReportingHost[]>
  createToken(name: string, rights: Role | { scopes: string[] }): Promise<CreatedToken>
  revokeToken(name: string): Promise<void>
  close(): Promise<void>
}

const platform = { os: 'freebsd', architecture: 'amd64', 'os.version': '14' } as const

export function fleetByApi(url: string, token: string, folder: string): FleetByApi {
  const https: Http[] = []
  function open(authorization: string): Http {
    const http = openHttp({ url, authorization: `Bearer ${authorization}` })
    https.push(http)
    return http
  }
  const admin = open(token)
  const post = <S extends TSchema>(http: Http, schema: S, path: string, body: unknown) =>
    requestJson(http, schema, 'POST', `/api/v1${path}`, { body })

  return {
    async publish(component, version) {
      const source = join(folder, `${component}-${version}`)
      await mkdir(source)
      await writeFile(join(source, 'component.json'), JSON.stringify(componentFile({ name: component })))
      await writeFile(join(source, 'main.js'), `// ${component} ${version}\n`)
      await publishComponent({ http: admin, folder: source, version, temporaryFolder: folder })
    },
    async publishImage(name, version) {
      await publishRandomImage(admin, { name, version, temporaryFolder: folder })
    },
    async apply(text) {
      await post(admin, AppliedStack, '/stacks', { text })
    },
    async declare(range) {
      await post(admin, FloatingRange, '/floating-ranges', range)
    },
    async promote(channel, ...releases) {
      await post(admin, Promoted, `/channels/${channel}/promotions`, {
        releases: releases.map(([component, version]) => ({ component, version })),
      })
    },
    async enrol(names, create) {
      const made = await post(admin, CreatedJoinToken, '/join-tokens', { uses: names.length, ...create })
      const joining = open(made.token.split('@')[0] ?? '')
      const hosts: ReportingHost[] = []
      for (const name of names) {
        const key = randomBytes(32).toString('hex')
        const { host } = await post(joining, Enrolled, '/enrol', { name, platform, key })
        hosts.push(reportingHost(name, url, `slw_${host}_${key}`, open))
      }
      return hosts
    },
    createToken: (name, rights) =>
      post(admin, CreatedToken, '/tokens', { name, ...(typeof rights === 'string' ? { role: rights } : rights) }),
    async revokeToken(name) {
      const response = await admin.send('DELETE', `/api/v1/tokens/${encodeURIComponent(name)}`)
      if (response.status >= 300) throw await refusal(response, `the revocation of the token ${name}`)
      await response.text()
    },
    async close() {
      await Promise.all(https.map((http) => http.close()))
    },
  }
}

function reportingHost(name: string, url: string, credential: string, open: (as: string) => Http): ReportingHost {
  const http = open(credential)
  let generation = 0
  async function document() {
    const told = await requestJson(http, DesiredDocument, 'GET', '/api/v1/hosts/self/desired')
    generation = told.generation
    return told
  }
  return {
    name,
    document,
    desired: async () => (await document()).releaseSet,
    dial: (stream) =>
      openWebSocket({
        url,
        path: `/api/v1/hosts/self/streams/${stream}`,
        authorization: `Bearer ${credential}`,
        signal: AbortSignal.timeout(60_000),
      }),
    async report(current, parts = {}) {
      const now = new Date().toISOString()
      const report: HostReport = {
        generation,
        platform,
        release: '14.3-RELEASE-p5',
        agentVersion: '1.0.0',
        metricsAddress: '192.0.2.7:9760',
        state: 'idle',
        stateSince: now,
        current,
        checks: [{ component: 'compute', check: 'healthz', healthy: true }],
        rejected: [],
        daemons: {
          compute: {
            component: 'compute',
            version: '1.0.0',
            pid: 4211,
            startedAt: now,
            accepts: 1,
            generation,
            problems: [],
          },
        },
        capabilities: { zfs: { available: true }, bhyve: { available: false, reason: 'no EPT on this processor' } },
        operations: [],
        ...parts,
      }
      const response = await http.send('POST', '/api/v1/hosts/self/report', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(report),
      })
      if (response.status >= 300) throw await refusal(response, `the report of ${name}`)
      await response.text()
    },
  }
}
