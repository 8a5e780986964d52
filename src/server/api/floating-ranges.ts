import { Type } from 'typebox'
import { declareFloatingRange, listFloatingRanges, removeFloatingRange } from '../../cloud/floating-ranges.ts'
import { inTurn } from '../../cloud/turn.ts'
import { FloatingRange, FloatingRangeUse } from '../../contract/floating-range.ts'
import { CloudName } from '../../contract/instance.ts'
import { audit } from '../audit.ts'
import type { Api } from './api.ts'

/** Outside addresses that stacks may have, as operators declare them. */
export function floatingRangeRoutes({ app, db, events }: Api): void {
  app.get(
    '/floating-ranges',
    { config: { access: 'viewer' }, schema: { response: { 200: Type.Array(FloatingRangeUse) } } },
    () => listFloatingRanges(db),
  )

  app.post(
    '/floating-ranges',
    {
      config: { access: 'admin' },
      schema: { body: FloatingRange, response: { 200: FloatingRange, 201: FloatingRange } },
    },
    async (request, reply) => {
      const { name, range } = request.body
      const isNew = await inTurn(db, async (trx) => {
        const declared = await declareFloatingRange(trx, request.body)
        if (declared) await audit(trx, request, { action: 'floating-range.add', subject: name, detail: range })
        return declared
      })
      if (isNew) events.publish({ kind: 'floating-range', name })
      return reply.code(isNew ? 201 : 200).send(request.body)
    },
  )

  app.delete(
    '/floating-ranges/:name',
    { config: { access: 'admin' }, schema: { params: Type.Object({ name: CloudName }) } },
    async (request, reply) => {
      const { name } = request.params
      await inTurn(db, async (trx) => {
        await removeFloatingRange(trx, name)
        await audit(trx, request, { action: 'floating-range.remove', subject: name })
      })
      events.publish({ kind: 'floating-range', name })
      return reply.code(204).send()
    },
  )
}
