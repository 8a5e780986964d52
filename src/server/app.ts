import { join } from 'node:path'
import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { Ajv } from 'ajv'
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify'
import type { Cloud } from '../cloud/stacks.ts'
import { AppError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/server-config.ts'
import type { Db } from '../database/open.ts'
import { pointerOf } from '../fleet/channels.ts'
import type { Releases } from '../fleet/releases.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Blobs } from '../registry/blobs.ts'
import { findTag } from '../registry/catalog.ts'
import type { Pulls } from '../registry/pulls.ts'
import { checkRelease, resolveRelease } from '../registry/releases.ts'
import { registryRoutes } from '../registry/routes.ts'
import type { Api } from './api/api.ts'
import { artifactRoutes } from './api/artifacts.ts'
import { channelRoutes } from './api/channels.ts'
import { collectionRoutes } from './api/collections.ts'
import { enrolRoutes } from './api/enrol.ts'
import { eventRoutes } from './api/events.ts'
import { floatingRangeRoutes } from './api/floating-ranges.ts'
import { historyRoutes } from './api/history.ts'
import { hostRoutes, hostSelfRoutes } from './api/hosts.ts'
import { imageRoutes } from './api/images.ts'
import { instanceRoutes } from './api/instances.ts'
import { networkRoutes } from './api/networks.ts'
import { operationRoutes } from './api/operations.ts'
import { schemaRoutes } from './api/schemas.ts'
import { scrubRoutes } from './api/scrub.ts'
import { stackRoutes } from './api/stacks.ts'
import { streamRoutes } from './api/streams.ts'
import { tokenRoutes } from './api/tokens.ts'
import { volumeRoutes } from './api/volumes.ts'
import { audit } from './audit.ts'
import { challenges } from './challenge.ts'
import type { Collector } from './collector.ts'
import { discoveryRoutes } from './discovery.ts'
import { scopeText } from './docker-scope.ts'
import { answerProblem } from './errors.ts'
import { fleetMetrics } from './fleet-metrics.ts'
import { identify } from './identity.ts'
import { trustedProxiesOf } from './listening.ts'
import { metricsRoute } from './metrics.ts'
import { demandUse, mayUse } from './permission.ts'
import { credentialOf, demand } from './principal.ts'
import type { Replicas } from './replicas.ts'
import type { Scrubber } from './scrubbing.ts'
import { signingKey } from './signing-key.ts'
import { type Tls, tlsMetrics } from './tls.ts'
import { tokenEndpoint } from './token-endpoint.ts'
import { uiRoutes } from './ui.ts'

export interface AppOptions {
  config: Readonly<ServerConfig>
  db: Db
  blobs: Blobs
  metrics: Metrics
  cloud: Cloud
  collector: Collector
  scrubber: Scrubber
  pulls: Pulls
  replicas: Pick<Replicas, 'changes' | 'events'>
  log: Log
  version: string
  /** The folder of the package: the page and install.sh are found below it. */
  packageFolder: string
  publicUrl: () => string
  reachedAt: Api['reachedAt']
  /** What makes it speak TLS; plain HTTP without it. */
  tls?: Tls
  closing: AbortSignal
}

/** The one place where registry, fleet and the rest are wired into one HTTP application. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const {
    config,
    db,
    blobs,
    metrics,
    cloud,
    collector,
    scrubber,
    pulls,
    log,
    version,
    packageFolder,
    publicUrl,
    tls,
    closing,
  } = options
  const { changes, events } = options.replicas
  const releases: Releases = {
    resolve: (on, component, release, platform) => resolveRelease(on, blobs, component, release, platform),
    check: (on, component, release) => checkRelease(on, component, release),
  }

  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    // One log for all requests: what is logged of one says its method and address.
    childLoggerFactory: (logger) => logger,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 512 },
    trustProxy: trustedProxiesOf(config),
    ...(tls ? { serverFactory: tls.serverFactory } : {}),
  })
  app.setErrorHandler(answerProblem)
  app.setValidatorCompiler(
    ({ schema, httpPart }) => (httpPart === 'body' ? strict : loose).compile(schema as object) as never,
  )
  const { anonymousPull } = config
  const key = await signingKey(db, 'access-token', new Date())
  for (const name of ['principal', 'grants', 'refusal', 'wantedScope']) app.decorateRequest(name, null)
  app.addHook('onRequest', async (request) => {
    Object.assign(request, await identify(db, key, credentialOf(request), new Date()))
  })

  // Before the rest: it counts the requests of every route that comes after it.
  if (tls) tlsMetrics(metrics, tls)
  metricsRoute(app, { metrics, version })
  fleetMetrics({ db, changes, metrics, hostSilentSeconds: config.hostSilentSeconds })

  await app.register(async (registry) => {
    await registryRoutes(registry, {
      db,
      blobs,
      limits: config,
      quotas: config.quotas,
      immutableTags: config.immutableTags,
      pulls,
      metrics,
      log,
      authorize: async (request, action, repository) => {
        request.wantedScope = scopeText({ action, repository }) ?? null
        demandUse(request, { action, repository }, anonymousPull)
      },
      isListed: ({ principal }, repository) => mayUse(principal, { action: 'pull', repository }, anonymousPull),
      challenges: (request) => challenges(request, { publicUrl: publicUrl(), anonymousPull }),
      onChange: (repository) => events.publish({ kind: 'artifact', name: repository }),
      // A channel's name is a tag that nobody pushes.
      resolveTag: async (repository, tag) => {
        const version = await pointerOf(db, tag, repository.replace(/^components\//, ''))
        return version === undefined ? undefined : findTag(db, repository, version)
      },
      onPush: (trx, request, repository, reference, digest) =>
        audit(trx, request, { action: 'artifact.push', subject: `${repository}:${reference}`, detail: digest }),
    })
  })

  await app.register(async (tokens) => tokenEndpoint(tokens, { db, key, anonymousPull, log }))

  await app.register(async (plain) => {
    await plain.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Slipway', version, description: 'The control API of a Slipway server.' },
      },
    })
    plain.addHook('onRequest', async (request) => {
      if (!request.is404) demand(request, request.routeOptions.config.access)
    })
    const api: Omit<Api, 'app'> = {
      db,
      config,
      releases,
      blobs,
      cloud,
      collector,
      scrubber,
      changes,
      events,
      publicUrl,
      // What hosts see behind a proxy is the proxy's certificate.
      fingerprint: () => (config.behindProxy ? undefined : tls?.fingerprint()),
      reachedAt: options.reachedAt,
      closing,
    }
    await plain.register(
      async (scope) => {
        await apiRoutes({ app: scope.withTypeProvider<TypeBoxTypeProvider>(), ...api })
        scope.get('/openapi.json', { config: { access: 'anyone' }, schema: { hide: true } }, () => plain.swagger())
      },
      { prefix: '/api/v1' },
    )
    await plain.register(
      async (scope) => discoveryRoutes({ app: scope.withTypeProvider<TypeBoxTypeProvider>(), ...api }),
      { prefix: '/sd' },
    )
  })

  app.get('/healthz', async () => 'ok\n')
  app.get('/readyz', async () => {
    await db.selectFrom('tokens').select('id').limit(1).execute()
    if (closing.aborted) throw new AppError('conflict', 'the server is stopping')
    return 'ok\n'
  })
  await uiRoutes(app, {
    webFolder: join(packageFolder, 'dist/web'),
    installScript: join(packageFolder, 'deploy/host/install.sh'),
  })
  return app
}

async function apiRoutes(api: Api): Promise<void> {
  hostSelfRoutes(api)
  hostRoutes(api)
  historyRoutes(api)
  channelRoutes(api)
  artifactRoutes(api)
  collectionRoutes(api)
  scrubRoutes(api)
  enrolRoutes(api)
  tokenRoutes(api)
  eventRoutes(api)
  stackRoutes(api)
  instanceRoutes(api)
  operationRoutes(api)
  volumeRoutes(api)
  networkRoutes(api)
  floatingRangeRoutes(api)
  imageRoutes(api)
  schemaRoutes(api)
  await streamRoutes(api)
}

/** Bodies are JSON and have their types; queries, parameters and headers are text that has to become numbers. */
const strict = new Ajv({ coerceTypes: false, useDefaults: true, removeAdditional: false, allowUnionTypes: true })
const loose = new Ajv({ coerceTypes: 'array', useDefaults: true, removeAdditional: false, allowUnionTypes: true })
