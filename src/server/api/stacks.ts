import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { listStacks, showRevision, showStack } from '../../cloud/stack-list.ts'
import {
  type Applied,
  applyStack,
  type Deed,
  deleteStack,
  planRevision,
  planStack,
  revertStack,
} from '../../cloud/stacks.ts'
import { CloudName } from '../../contract/instance.ts'
import {
  AppliedStack,
  ApplyStack,
  MakePlan,
  Plan,
  RevertStack,
  StackDetail,
  StackRevisionText,
  StackSummary,
} from '../../contract/plan.ts'
import { maxStackTextLength } from '../../contract/stack.ts'
import { audit } from '../audit.ts'
import { actorName } from '../principal.ts'
import type { Api } from './api.ts'

/** JSON writes some characters as six. */
const bodyLimit = 6 * maxStackTextLength

/** Declared pieces of cloud: what they would become, what they became, and back. */
export function stackRoutes({ app, db, cloud, changes, events }: Api): void {
  const params = Type.Object({ name: CloudName })
  const Revision = Type.Integer({ minimum: 1, maximum: 2 ** 31 })

  app.post(
    '/plans',
    { config: { access: 'viewer' }, bodyLimit, schema: { body: MakePlan, response: { 200: Plan } } },
    (request) => planStack(cloud, request.body.text),
  )

  app.get(
    '/stacks',
    { config: { access: 'viewer' }, schema: { response: { 200: Type.Array(StackSummary) } } },
    async () => listStacks(db, await cloud.fleet.hosts(db)),
  )

  app.post(
    '/stacks',
    { config: { access: 'admin' }, bodyLimit, schema: { body: ApplyStack, response: { 200: AppliedStack } } },
    async (request) => {
      const { text, plan } = request.body
      return done(await applyStack(cloud, text, plan, deedOf(request, 'stack.apply')))
    },
  )

  app.get(
    '/stacks/:name',
    { config: { access: 'viewer' }, schema: { params, response: { 200: StackDetail } } },
    async (request) => showStack(db, await cloud.fleet.hosts(db), request.params.name),
  )

  // What would be done so that the stack is as its newest revision says, or an earlier one.
  app.get(
    '/stacks/:name/plan',
    {
      config: { access: 'viewer' },
      schema: { params, querystring: Type.Object({ revision: Type.Optional(Revision) }), response: { 200: Plan } },
    },
    (request) => planRevision(cloud, request.params.name, request.query.revision),
  )

  // User data often holds secrets.
  app.get(
    '/stacks/:name/revisions/:revision',
    {
      config: { access: 'admin' },
      schema: { params: Type.Object({ name: CloudName, revision: Revision }), response: { 200: StackRevisionText } },
    },
    (request) => showRevision(db, request.params.name, request.params.revision),
  )

  app.post(
    '/stacks/:name/revert',
    { config: { access: 'admin' }, schema: { params, body: RevertStack, response: { 200: AppliedStack } } },
    async (request) =>
      done(await revertStack(cloud, request.params.name, request.body, deedOf(request, 'stack.revert'))),
  )

  app.delete(
    '/stacks/:name',
    {
      config: { access: 'admin' },
      schema: { params, querystring: Type.Object({ volumes: Type.Optional(Type.Boolean({ default: false })) }) },
    },
    async (request, reply) => {
      const { name } = request.params
      const options = { volumes: request.query.volumes ?? false }
      const { changedHosts } = await deleteStack(cloud, name, options, deedOf(request, 'stack.delete'))
      changes.notify(changedHosts)
      events.publish({ kind: 'stack', name })
      return reply.code(204).send()
    },
  )

  /** Wakes the hosts and tells everybody. */
  function done({ changedHosts, ...applied }: Applied): AppliedStack {
    changes.notify(changedHosts)
    events.publish({ kind: 'stack', name: applied.stack })
    return applied
  }
}

function deedOf(request: FastifyRequest, action: string): Deed {
  return {
    actor: actorName(request.principal),
    now: new Date(),
    record: (trx, { stack, revision, actions }) => {
      const detail = actions.map(({ kind, name }) => `${kind} ${name}`).join(', ')
      const shown = detail.length > 1000 ? `${detail.slice(0, 997)}...` : detail
      const which = action === 'stack.delete' ? '' : `revision ${revision}: `
      return audit(trx, request, { action, subject: stack, detail: `${which}${shown || 'nothing to do'}` })
    },
  }
}
