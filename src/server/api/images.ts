import { Type } from 'typebox'
import { listPointers, promoteImage } from '../../cloud/images.ts'
import { ImagePointer, PromoteImage } from '../../contract/cloud-instance.ts'
import { ImageName } from '../../contract/image.ts'
import { ChannelName } from '../../contract/names.ts'
import { transact } from '../../database/transact.ts'
import { audit } from '../audit.ts'
import { actorName } from '../principal.ts'
import type { Api } from './api.ts'

/** Which version of an image a channel means, for stacks that name a channel. */
export function imageRoutes({ app, db, cloud, events }: Api): void {
  app.get(
    '/images/:name/channels',
    {
      config: { access: 'viewer' },
      schema: { params: Type.Object({ name: ImageName }), response: { 200: Type.Array(ImagePointer) } },
    },
    (request) => listPointers(db, request.params.name),
  )

  app.post(
    '/images/:name/channels/:channel',
    {
      config: { access: 'publisher' },
      schema: {
        params: Type.Object({ name: ImageName, channel: ChannelName }),
        body: PromoteImage,
        response: { 200: ImagePointer },
      },
    },
    async (request) => {
      const { name: image, channel } = request.params
      const promotion = { image, channel, ...request.body, actor: actorName(request.principal), now: new Date() }
      const pointer = await transact(db, async (trx) => {
        const promoted = await promoteImage(trx, cloud.images, promotion)
        await audit(trx, request, { action: 'image.promote', subject: `${image}@${promoted.version}`, detail: channel })
        return promoted
      })
      events.publish({ kind: 'artifact', name: `images/${image}` })
      return pointer
    },
  )
}
