import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { findInstances, instanceNames } from '../../cloud/instances.ts'
import { HostHistory, type HostPoint, InstanceHistory, Top } from '../../contract/history.ts'
import { InstanceName } from '../../contract/instance.ts'
import { HostName } from '../../contract/names.ts'
import { NewestPoints, readHistory } from '../../fleet/history.ts'
import { findHost, listHosts } from '../../fleet/hosts.ts'
import { sharedReading } from '../shared-reading.ts'
import type { Api } from './api.ts'

/** Terminals ask every two seconds, and a host says something new twice a minute. */
const topMaxAgeMs = 1500

/** What hosts and instances used in the last hours, and just now. */
export function historyRoutes({ app, db, config }: Api): void {
  const querystring = Type.Object({
    minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1440 })),
  })
  const since = (minutes = config.historyMinutes) => new Date(Date.now() - minutes * 60_000)
  const namer = async () => {
    const names = await instanceNames(db)
    return (id: string) => names.get(id) ?? id
  }

  const hostNames = (ids: ReadonlySet<string>) =>
    db
      .selectFrom('hosts')
      .select(['id', 'name'])
      .where('id', 'in', [...ids])
      .execute()

  app.get(
    '/hosts/:name/history',
    {
      config: { access: 'viewer' },
      schema: { params: Type.Object({ name: HostName }), querystring, response: { 200: HostHistory } },
    },
    async ({ params: { name }, query: { minutes } }) => {
      const { id } = await findHost(db, name)
      return { host: name, points: await readHistory(db, id, { since: since(minutes), nameOf: await namer() }) }
    },
  )

  app.get(
    '/instances/:name/history',
    {
      config: { access: 'viewer' },
      schema: { params: Type.Object({ name: InstanceName }), querystring, response: { 200: InstanceHistory } },
    },
    async ({ params: { name }, query: { minutes } }) => {
      const rows = await findInstances(db, name)
      const ids = new Set(rows.map(({ id }) => id))
      const points: InstanceHistory['points'] = []
      for (const { id: host, name: hostName } of await hostNames(new Set(rows.map((row) => row.host)))) {
        const history = await readHistory(db, host, { since: since(minutes), nameOf: () => name })
        for (const { at, instances } of history)
          for (const point of instances) if (ids.has(point.id)) points.push({ at, host: hostName, ...point })
      }
      return { instance: name, points: points.sort((a, b) => (a.at < b.at ? -1 : 1)) }
    },
  )

  const newest = new NewestPoints()
  const top = sharedReading(topMaxAgeMs, async () => {
    const now = new Date()
    const view = { now, silentSeconds: config.hostSilentSeconds }
    const hosts = await listHosts(db, view)
    const recent = new Date(now.getTime() - config.hostSilentSeconds * 1000)
    const points = await newest.read(db, { since: recent, nameOf: await namer() })
    const pointOf = (id: string): { point?: HostPoint } => {
      const point = points.get(id)
      return point ? { point } : {}
    }
    const answer: Top = { hosts: hosts.map((host) => ({ host, ...pointOf(host.id) })) }
    // Written once for all who ask: 1,000 hosts with 20 instances each are 5 MB.
    return JSON.stringify(answer)
  })

  app.get('/top', { config: { access: 'viewer' }, schema: { response: { 200: Top } } }, async (_request, reply) =>
    (reply as FastifyReply).type('application/json; charset=utf-8').send(await top()),
  )
}
