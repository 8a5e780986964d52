import { Type } from 'typebox'
import { listInstances } from '../cloud/instances.ts'
import { listFloatingIps } from '../cloud/network-list.ts'
import { TargetGroup } from '../contract/service-discovery.ts'
import { hostTargets, instanceTargets, type ScrapedInstance } from '../monitor/discovery.ts'
import type { Api } from './api/api.ts'

/** Prometheus' HTTP service discovery, below /sd: the whole list each time, also when it is empty. */
export function discoveryRoutes({ app, db, cloud }: Pick<Api, 'app' | 'db' | 'cloud'>): void {
  const schema = { response: { 200: Type.Array(TargetGroup) } }

  app.get('/hosts', { config: { access: 'viewer' }, schema }, async () => hostTargets(await cloud.fleet.hosts(db)))

  app.get('/instances', { config: { access: 'viewer' }, schema }, async () => instanceTargets(await scraped()))

  async function scraped(): Promise<ScrapedInstance[]> {
    const hosts = await cloud.fleet.hosts(db)
    // One whose ports alone are forwarded is not reached at the floating IP.
    const whole = (await listFloatingIps(db, hosts)).filter(({ port }) => port !== undefined)
    const outside = new Map(whole.map(({ instance, address }) => [instance, address]))
    // One that somebody stopped is missed by nobody.
    return (await listInstances(db, hosts))
      .filter(({ wanted }) => wanted === 'running')
      .map(({ id, name, stack, host, image, labels = {}, addresses }) => ({
        id,
        name,
        stack,
        host,
        image: image ? `${image.name}@${image.version}` : '',
        labels,
        address: outside.get(name) ?? addresses.find((address) => !address.includes(':')) ?? addresses[0],
      }))
  }
}
