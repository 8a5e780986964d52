import { Type } from 'typebox'
import { listInstances, showInstance } from '../../cloud/instances.ts'
import { CloudInstance, CloudInstanceDetail } from '../../contract/cloud-instance.ts'
import { CloudName, InstanceName } from '../../contract/instance.ts'
import type { Api } from './api.ts'

export function instanceRoutes({ app, db, cloud }: Api): void {
  app.get(
    '/instances',
    {
      config: { access: 'viewer' },
      schema: {
        querystring: Type.Object({ stack: Type.Optional(CloudName) }),
        response: { 200: Type.Array(CloudInstance) },
      },
    },
    async (request) => listInstances(db, await cloud.fleet.hosts(db), request.query.stack),
  )

  app.get(
    '/instances/:name',
    {
      config: { access: 'viewer' },
      schema: { params: Type.Object({ name: InstanceName }), response: { 200: CloudInstanceDetail } },
    },
    async (request) => showInstance(db, await cloud.fleet.hosts(db), request.params.name),
  )
}
