import { Type } from 'typebox'
import { listVolumes } from '../../cloud/volumes.ts'
import { CloudVolume } from '../../contract/cloud-instance.ts'
import type { Api } from './api.ts'

export function volumeRoutes({ app, db, cloud }: Api): void {
  app.get(
    '/volumes',
    { config: { access: 'viewer' }, schema: { response: { 200: Type.Array(CloudVolume) } } },
    async () => listVolumes(db, await cloud.fleet.hosts(db)),
  )
}
