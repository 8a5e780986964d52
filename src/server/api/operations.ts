import { Type } from 'typebox'
import { findOperation, listOperations, requestOperation } from '../../cloud/operations.ts'
import { CloudOperation, RequestOperation } from '../../contract/cloud-instance.ts'
import { InstanceName } from '../../contract/instance.ts'
import { Id } from '../../contract/names.ts'
import { audit } from '../audit.ts'
import { actorName } from '../principal.ts'
import type { Api } from './api.ts'

/** What is to be done once to an instance, and what came of it. */
export function operationRoutes({ app, db, cloud, changes, events }: Api): void {
  const params = Type.Object({ name: InstanceName })

  app.post(
    '/instances/:name/operations',
    { config: { access: 'admin' }, schema: { params, body: RequestOperation, response: { 201: CloudOperation } } },
    async (request, reply) => {
      const { name } = request.params
      const { operation, changedHosts } = await requestOperation(cloud, name, request.body, {
        actor: actorName(request.principal),
        now: new Date(),
        record: (trx, { id, kind, arguments: given }) => {
          const detail = [`operation ${id}`, ...Object.entries(given).map(([key, value]) => `${key}=${value}`)].join(
            ' ',
          )
          return audit(trx, request, { action: `instance.${kind}`, subject: name, detail })
        },
      })
      changes.notify(changedHosts)
      events.publish({ kind: 'instance', name })
      return reply.code(201).send(operation)
    },
  )

  app.get(
    '/instances/:name/operations',
    {
      config: { access: 'viewer' },
      schema: {
        params,
        querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })) }),
        response: { 200: Type.Array(CloudOperation) },
      },
    },
    (request) => listOperations(db, request.params.name, request.query.limit ?? 100),
  )

  app.get(
    '/instances/:name/operations/:id',
    {
      config: { access: 'viewer' },
      schema: { params: Type.Object({ name: InstanceName, id: Id }), response: { 200: CloudOperation } },
    },
    (request) => findOperation(db, request.params.name, request.params.id),
  )
}
