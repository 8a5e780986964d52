import { Type } from 'typebox'
import { TargetGroup } from '../contract/service-discovery.ts'
import { hostTargets } from '../monitor/discovery.ts'
import type { Api } from './api/api.ts'

/** Prometheus' HTTP service discovery, below /sd: the whole list each time, also when it is empty. */
export function discoveryRoutes({ app, db, cloud }: Pick<Api, 'app' | 'db' | 'cloud'>): void {
  const schema = { response: { 200: Type.Array(TargetGroup) } }

  app.get('/hosts', { config: { access: 'viewer' }, schema }, async () => hostTargets(await cloud.fleet.hosts(db)))
}
