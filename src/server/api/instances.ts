import { Type } from 'typebox'
import { listInstances, showInstance, showScreen } from '../../cloud/instances.ts'
import { CloudInstance, CloudInstanceDetail, InstanceScreen } from '../../contract/cloud-instance.ts'
import { CloudName, InstanceName } from '../../contract/instance.ts'
import { audit } from '../audit.ts'
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

  // Audited: whoever has the password can type.
  app.get(
    '/instances/:name/screen',
    {
      config: { access: 'admin' },
      schema: { params: Type.Object({ name: InstanceName }), response: { 200: InstanceScreen } },
    },
    async (request) => {
      const { name } = request.params
      const screen = await showScreen(db, await cloud.fleet.hosts(db), name)
      await audit(db, request, { action: 'instance.screen', subject: name })
      return screen
    },
  )
}
