import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../contract/errors.ts'
import type { RegistryAction } from '../contract/scope.ts'
import { openCounts } from './metrics.ts'
import { answerOciError } from './oci-error.ts'
import { openQuotas } from './quota.ts'
import { neverMovesBy } from './release-rules.ts'
import {
  type Handler,
  type Handlers,
  type Method,
  queryText,
  type RegistryContext,
  type RegistryOptions,
} from './route-context.ts'
import { parsePath, type Target } from './route-path.ts'
import { blobHandlers } from './routes-blobs.ts'
import { catalogHandlers } from './routes-catalog.ts'
import { fileRoutes } from './routes-files.ts'
import { listingHandlers } from './routes-listings.ts'
import { manifestHandlers } from './routes-manifests.ts'
import { uploadHandlers } from './routes-uploads.ts'
import { openUploads } from './uploads.ts'

const handlers: Handlers<Target['kind']> = {
  base: {
    GET: async (_context, _target, _request, reply) =>
      reply.header('docker-distribution-api-version', 'registry/2.0').send({}),
  },
  ...catalogHandlers,
  ...blobHandlers,
  ...uploadHandlers,
  ...manifestHandlers,
  ...listingHandlers,
}

/**
 * Serves the OCI Distribution API (1.1) at /v2/, and plain files at /files/. Register it in a scope of its own: it takes bodies of any
 * type and length as streams, and answers errors in the form of that specification.
 */
export async function registryRoutes(app: FastifyInstance, options: RegistryOptions): Promise<void> {
  const context = openContext(options)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.setErrorHandler((error, request, reply) =>
    answerOciError(error, request, reply, options.log, options.challenges?.(request)),
  )
  app.route<{ Params: { '*': string } }>({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    url: '/v2/*',
    handler: (request, reply) => answer(context, request.params['*'], request, reply),
  })
  fileRoutes(app, context)
}

function openContext(options: RegistryOptions): RegistryContext {
  const { db, blobs, metrics, immutableTags } = options
  const { maxBlobBytes, maxOpenUploads } = options.limits
  const quotas = openQuotas(db, options.quotas ?? [])
  return {
    ...options,
    counts: openCounts(metrics, db),
    quotas,
    uploads: openUploads({ db, blobs, quotas, maxBlobBytes, maxOpenUploads }),
    neverMoves: neverMovesBy(immutableTags),
  }
}

async function answer(
  context: RegistryContext,
  path: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const method = request.method as Method
  const target = parsePath(path)
  const action = actionOf(method, target)
  const pulling = action === 'pull'
  await context.authorize(request, action, 'repository' in target ? target.repository : '')
  const byMethod = handlers[target.kind] as Partial<Record<Method, Handler<Target>>>
  const handler = byMethod[method] ?? (method === 'HEAD' ? byMethod.GET : undefined)
  const mirrored = queryText(request, 'ns')
  if (pulling && mirrored !== undefined && /^[A-Za-z0-9._:-]+$/.test(mirrored)) reply.header('oci-namespace', mirrored)
  // Whoever may read can ask for the referrers in a repository that is not there.
  if ('repository' in target && target.kind !== 'referrers') context.counts.watch(reply, target.repository)
  if (!handler) throw new AppError('UNSUPPORTED', `${method} is not supported for ${request.url.split('?')[0]}`)
  return handler(context, target, request, reply)
}

function actionOf(method: Method, { kind }: Target): RegistryAction {
  if (kind === 'catalog') return 'list'
  if (kind === 'uploads' || kind === 'upload') return 'push'
  if (method === 'DELETE') return 'delete'
  return method === 'GET' || method === 'HEAD' ? 'pull' : 'push'
}
