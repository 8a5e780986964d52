import { Type } from 'typebox'
import { Channel, Promote, Promoted } from '../../contract/channel.ts'
import { ChannelName } from '../../contract/names.ts'
import { findChannel, listChannels, promote } from '../../fleet/channels.ts'
import { audit } from '../audit.ts'
import { actorName } from '../principal.ts'
import type { Api } from './api.ts'

export function channelRoutes({ app, db, releases, changes, events }: Api): void {
  const params = Type.Object({ name: ChannelName })

  app.get('/channels', { config: { access: 'viewer' }, schema: { response: { 200: Type.Array(Channel) } } }, () =>
    listChannels(db),
  )

  app.get(
    '/channels/:name',
    { config: { access: 'viewer' }, schema: { params, response: { 200: Channel } } },
    (request) => findChannel(db, request.params.name),
  )

  app.post(
    '/channels/:name/promotions',
    { config: { access: 'publisher' }, schema: { params, body: Promote, response: { 200: Promoted } } },
    async (request) => {
      const { name } = request.params
      const { channel, hostsChanged, changedHosts } = await db.transaction().execute(async (trx) => {
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
