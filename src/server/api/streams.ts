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
import { openStreamDoor } from '../stream-door.ts'
import { closeCodes } from '../stream-join.ts'
import { StreamOwners } from '../stream-owners.ts'
import { Streams } from '../streams.ts'
import type { Api } from './api.ts'

/** Consoles: a person asks for one, the host is told to dial, and the two ends are joined here. */
export async function streamRoutes({ app, db, config, cloud, changes, reachedAt, closing }: Api): Promise<void> {
  await app.register(websocket, { options: { maxPayload: maxMessageBytes, perMessageDeflate: false } })
  // The file of SQLite belongs to one server, and every stream is its own.
  const owners = config.database === 'postgres' ? new StreamOwners(db, reachedAt) : undefined
  const streams = new Streams({
    onSettled(id) {
      // A row that stays is of no use to anybody, and is swept one day.
      owners?.remove(id).catch((err) => app.log.debug({ err }, 'the row of a stream was not removed'))
    },
  })
  const door = openStreamDoor({ streams, owners, log: app.log, closing })
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
      const now = new Date()
      try {
        const { changedHosts } = await requestOperation(cloud, name, wanted, {
          actor: actorName(request.principal),
          now,
          async record(trx) {
            await owners?.add(trx, stream.id, now)
            await audit(trx, request, { action: 'instance.console', subject: name })
          },
        })
        changes.notify(changedHosts)
      } catch (error) {
        streams.end(stream.id, closeCodes.cannot, 'nobody was asked to join it')
        throw error
      }
      return reply.code(201).send(stream)
    },
  )

  const params = Type.Object({ id: Id })

  // What stands behind the address of the page has no way to send a token; it has the ticket.
  app.get(
    '/streams/:id',
    { config: { access: 'anyone' }, websocket: true, schema: { params, hide: true } },
    (socket, request) => {
      const { id } = request.params
      const ticket = request.headers['sec-websocket-protocol'] ?? ''
      return door({ id, socket, request, join: (end) => streams.joinPerson(id, ticket, end) })
    },
  )

  app.get(
    '/hosts/self/streams/:id',
    { config: { access: 'host' }, websocket: true, schema: { params, hide: true } },
    (socket, request) => {
      const { id } = request.params
      const { id: host } = request.principal as { id: string }
      return door({ id, socket, request, join: (end) => streams.joinHost(id, host, end) })
    },
  )
}
