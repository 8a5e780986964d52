import { Type } from 'typebox'
import { Channel, Promote, Promoted } from '../../contract/channel.ts'
import { ChannelName } from '../../contract/names.ts'
import { transact } from '../../database/transact.ts'
import { findChannel, listChannels, promote } from '../../fleet/channels.ts'
import { audit } from '../audit.ts'
import { demandChannel, demandPromotion, mayReadChannel } from '../permission.ts'
import { actorName } from '../principal.ts'
import type { Api } from './api.ts'

export function channelRoutes({ app, db, releases, changes, events }: Api): void {
  const params = Type.Object({ name: ChannelName })

  app.get(
    '/channels',
    { config: { access: 'token' }, schema: { response: { 200: Type.Array(Channel) } } },
    async ({ principal }) => (await listChannels(db)).filter(({ name }) => mayReadChannel(principal, name)),
  )

  app.get(
    '/channels/:name',
    { config: { access: 'token' }, schema: { params, response: { 200: Channel } } },
    async (request) => {
      demandChannel(request, request.params.name)
      return findChannel(db, request.params.name)
    },
  )

  app.post(
    '/channels/:name/promotions',
    { config: { access: 'token' }, schema: { params, body: Promote, response: { 200: Promoted } } },
    async (request) => {
      const { name } = request.params
      const components = request.body.releases.map(({ component }) => component)
      demandPromotion(request, name, components)
      const { channel, hostsChanged, changedHosts } = await transact(db, async (trx) => {
        const promotion = {
          channel: name,
          releases: request.body.releases,
          actor: actorName(request.principal),
          now: new Date(),
        }
        const promoted = await promote(trx, releases, promotion)
        const detail = request.body.releases.map(({ component, version }) => `${component}@${version}`).join(' ')
        await audit(trx, request, { action: 'channel.promote', subject: name, detail })
        return promoted
      })
      changes.notify(changedHosts)
      events.publish({ kind: 'channel', name })
      return { channel, hostsChanged }
    },
  )
}
