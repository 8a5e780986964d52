import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { leaveHost, releaseSuccessors } from '../../cloud/fencing.ts'
import { networkReport } from '../../cloud/network-report.ts'
import { expectReport, takeReport } from '../../cloud/reports.ts'
import { cloudSections } from '../../cloud/sections.ts'
import { inTurn } from '../../cloud/turn.ts'
import { DesiredDocument } from '../../contract/desired.ts'
import { AppError } from '../../contract/errors.ts'
import { HostDetail, HostSummary } from '../../contract/host.ts'
import { HostName } from '../../contract/names.ts'
import { HostReport } from '../../contract/report.ts'
import { readAtOnce, transact } from '../../database/transact.ts'
import { desiredDocument, findGenerations } from '../../fleet/desired.ts'
import { keepSample } from '../../fleet/history.ts'
import { splitReport } from '../../fleet/host-sample.ts'
import { fenceHost, findHost, listHosts, removeHost, saveReport, showHost } from '../../fleet/hosts.ts'
import { audit } from '../audit.ts'
import { gatheredReading } from '../gathered-reading.ts'
import type { Api } from './api.ts'

/** What people ask about hosts. */
export function hostRoutes({ app, db, config, cloud, changes, events }: Api): void {
  const view = () => ({ now: new Date(), silentSeconds: config.hostSilentSeconds })
  const show = async (name: string): Promise<HostDetail> => {
    const host = await showHost(db, name, view())
    const network = networkReport(host.report)
    return { ...host, ...(network ? { network: { ...network, ports: network.ports.size } } : {}) }
  }

  app.get('/hosts', { config: { access: 'viewer' }, schema: { response: { 200: Type.Array(HostSummary) } } }, () =>
    listHosts(db, view()),
  )

  app.get(
    '/hosts/:name',
    {
      config: { access: 'viewer' },
      schema: { params: Type.Object({ name: HostName }), response: { 200: HostDetail } },
    },
    (request) => show(request.params.name),
  )

  app.delete(
    '/hosts/:name',
    { config: { access: 'admin' }, schema: { params: Type.Object({ name: HostName }) } },
    async (request, reply) => {
      const { name } = request.params
      const woken = await inTurn(db, async (trx) => {
        const { id, fenced_at } = await findHost(trx, name)
        const others = await leaveHost(trx, cloud.fleet, { id, name, fenced: fenced_at !== null })
        await removeHost(trx, name)
        await audit(trx, request, { action: 'host.remove', subject: name })
        return others
      })
      changes.notify(woken)
      events.publish({ kind: 'host', name })
      return reply.code(204).send()
    },
  )

  app.post(
    '/hosts/:name/fence',
    {
      config: { access: 'admin' },
      schema: { params: Type.Object({ name: HostName }), response: { 200: HostDetail } },
    },
    async (request) => {
      const { name } = request.params
      const woken = await inTurn(db, async (trx) => {
        const { id } = await fenceHost(trx, name, view())
        await audit(trx, request, { action: 'host.fence', subject: name })
        return releaseSuccessors(trx, cloud.fleet, id)
      })
      changes.notify(woken)
      events.publish({ kind: 'host', name })
      return show(name)
    },
  )
}

/** How many are read together: few enough that nobody else waits for long. */
const generationsAtOnce = 100
const documentsAtOnce = 25

function etagOf(generation: number | undefined): string {
  return `"${generation}"`
}

/** What a host asks for itself, and tells. */
export function hostSelfRoutes({ app, db, config, releases, cloud, changes, events, closing }: Api): void {
  // A promotion wakes all hosts of a channel at once, and all come back at once.
  const generationOf = gatheredReading(generationsAtOnce, (ids) => findGenerations(db, ids))
  const documentOf = gatheredReading(documentsAtOnce, (ids) =>
    readAtOnce(db, async (trx) => {
      const rows = await trx
        .selectFrom('hosts')
        .select(['id', 'generation', 'release_set'])
        .where('id', 'in', ids)
        .execute()
      const sections = await cloudSections(trx, ids)
      return new Map(rows.map((row) => [row.id, desiredDocument(row, sections.get(row.id))]))
    }),
  )

  app.get(
    '/hosts/self/desired',
    {
      config: { access: 'host' },
      schema: {
        querystring: Type.Object({ wait: Type.Optional(Type.Integer({ minimum: 0, maximum: 60, default: 0 })) }),
        headers: Type.Object({ 'if-none-match': Type.Optional(Type.String({ maxLength: 40 })) }),
        response: { 200: DesiredDocument },
      },
    },
    async (request, reply) => {
      const { id } = request.principal as { id: string }
      const known = request.headers['if-none-match']
      const gone = new AbortController()
      request.raw.once('close', () => gone.abort())
      const until = Date.now() + (request.query.wait ?? 0) * 1000
      for (;;) {
        const done = new AbortController()
        const signal = AbortSignal.any([done.signal, gone.signal, closing])
        // Ask to be woken before reading, so that no change falls between the two.
        const changed = changes.wait(id, Math.max(0, until - Date.now()), signal)
        try {
          if (known === undefined || known !== etagOf(await generationOf(id))) {
            const document = await documentOf(id)
            if (!document) throw new AppError('UNAUTHORIZED', 'this host is not enrolled any more')
            return reply.header('etag', etagOf(document.generation)).send(document)
          }
          await changed
          if (signal.aborted || Date.now() >= until)
            return (reply as FastifyReply).header('etag', known).code(304).send()
        } finally {
          done.abort()
        }
      }
    },
  )

  app.post(
    '/hosts/self/report',
    { config: { access: 'host' }, bodyLimit: 4 * 1024 * 1024, schema: { body: HostReport } },
    async (request, reply) => {
      const { id, name } = request.principal as { id: string; name: string }
      const at = new Date()
      const { report, sample } = splitReport(request.body)
      const { wake, changedHosts, changedInstances } = await transact(db, async (trx) => {
        await expectReport(trx, id)
        const before = await trx.selectFrom('hosts').select('report').where('id', '=', id).executeTakeFirst()
        const woken = await saveReport(trx, releases, id, report, at)
        if (sample && config.historyMinutes > 0) await keepSample(trx, id, sample, at)
        const previous = before?.report ? JSON.parse(before.report) : null
        const taken = await takeReport(trx, cloud.fleet, { host: id, before: previous, now: report, at })
        return { wake: woken, ...taken }
      })
      changes.notify(wake ? [id, ...changedHosts] : changedHosts)
      events.publish({ kind: 'host', name })
      for (const instance of changedInstances) events.publish({ kind: 'instance', name: instance })
      return reply.code(204).send()
    },
  )
}
