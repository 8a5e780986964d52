import websocket from '@fastify/websocket'
import { Type } from 'typebox'
import { findInstance } from '../../cloud/instances.ts'
import { requestOperation } from '../../cloud/operations.ts'
import { InstanceName } from '../../contract/instance.ts'
import { Id } from '../../contract/names.ts'
import { OpenedStream } from '../../contract/stream.ts'
import { maxMessageBytes } from '../../platform/web-socket.ts'
import { audit } from '../audit.ts'
import { actorName } from '../principal.ts'
import { Streams } from '../streams.ts'
import type { Api } from './api.ts'

/** Consoles: a person asks for one, the host is told to dial, and the two ends are joined here. */
export async function streamRoutes({ app, db, cloud, changes, closing }: Api): Promise<void> {
  await app.register(websocket, { options: { maxPayload: maxMessageBytes, perMessageDeflate: false } })
  const streams = new Streams()
  closing.addEventListener('abort', () => streams.close(), { once: true })

  app.post(
    '/instances/:name/console',
    {
      config: { access: 'admin' },
      schema: { params: Type.Object({ name: InstanceName }), response: { 201: OpenedStream } },
    },
    async (request, reply) => {
      const { name } = request.params
      const { host } = await findInstance(db, name)
      const stream = streams.open(host)
      const wanted = { kind: 'console', arguments: { stream: stream.id } } as const
      const { changedHosts } = await requestOperation(cloud, name, wanted, {
        actor: actorName(request.principal),
        now: new Date(),
        record: (trx) => audit(trx, request, { action: 'instance.console', subject: name }),
      })
      changes.notify(changedHosts)
      return reply.code(201).send(stream)
    },
  )

  const params = Type.Object({ id: Id })

  // What stands behind the address of the page has no way to send a token; it has the ticket.
  app.get(
    '/streams/:id',
    { config: { access: 'anyone' }, websocket: true, schema: { params, hide: true } },
    (socket, request) => {
      streams.joinPerson(request.params.id, request.headers['sec-websocket-protocol'] ?? '', socket)
    },
  )

  app.get(
    '/hosts/self/streams/:id',
    { config: { access: 'host' }, websocket: true, schema: { params, hide: true } },
    (socket, request) => {
      const { id: host } = request.principal as { id: string }
      streams.joinHost(request.params.id, host, socket)
    },
  )
}
