import { Type } from 'typebox'
import { hostRules, traceNetworks } from '../../cloud/host-rules.ts'
import { listFloatingIps, listGroups, listNetworks, showNetwork } from '../../cloud/network-list.ts'
import { HostName } from '../../contract/names.ts'
import {
  FloatingIpSummary,
  GroupSummary,
  HostRules,
  NetworkDetail,
  NetworkSummary,
  Trace,
  TraceRequest,
} from '../../contract/network-view.ts'
import type { Api } from './api.ts'

/** The networks of all stacks, who may talk to whom on them, and why. */
export function networkRoutes({ app, db, cloud }: Api): void {
  const hosts = () => cloud.fleet.hosts(db)

  app.get(
    '/networks',
    { config: { access: 'viewer' }, schema: { response: { 200: Type.Array(NetworkSummary) } } },
    async () => listNetworks(db, await hosts()),
  )

  app.get(
    '/networks/:name',
    {
      config: { access: 'viewer' },
      schema: {
        params: Type.Object({ name: NetworkSummary.properties.name }),
        response: { 200: NetworkDetail },
      },
    },
    async (request) => showNetwork(db, await hosts(), request.params.name),
  )

  app.get(
    '/security-groups',
    { config: { access: 'viewer' }, schema: { response: { 200: Type.Array(GroupSummary) } } },
    () => listGroups(db),
  )

  app.get(
    '/floating-ips',
    { config: { access: 'viewer' }, schema: { response: { 200: Type.Array(FloatingIpSummary) } } },
    async () => listFloatingIps(db, await hosts()),
  )

  app.get(
    '/hosts/:name/network/rules',
    {
      config: { access: 'viewer' },
      schema: { params: Type.Object({ name: HostName }), response: { 200: HostRules } },
    },
    async (request) => hostRules(db, await hosts(), request.params.name),
  )

  app.post(
    '/networks/trace',
    { config: { access: 'viewer' }, schema: { body: TraceRequest, response: { 200: Trace } } },
    async (request) => traceNetworks(db, await hosts(), request.body),
  )
}
