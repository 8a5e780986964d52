import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../contract/errors.ts'
import { sizeIfThere } from '../platform/files.ts'

const contentSecurityPolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

/** Paths that belong to programs: nothing there is answered with the page. */
const programPaths = /^\/(api|v2|tuf|files|sd|metrics|healthz|readyz|install\.sh)(\/|$)/

export interface UiFiles {
  /** The built page. */
  webFolder: string
  /** What `/install.sh` serves. */
  installScript: string
}

/** Serves `/install.sh`, and the built page at `/`; unknown paths of the page get it too, so that its links can be opened. */
export async function uiRoutes(app: FastifyInstance, { webFolder, installScript }: UiFiles): Promise<void> {
  const built = (await sizeIfThere(join(webFolder, 'index.html'))) !== undefined
  if (built) {
    await app.register(fastifyStatic, {
      root: webFolder,
      immutable: true,
      maxAge: '365d',
      setHeaders: (reply, path) => {
        reply.header('content-security-policy', contentSecurityPolicy)
        reply.header('x-content-type-options', 'nosniff')
        reply.header('referrer-policy', 'no-referrer')
        // Every other file has a hash of its content in its name.
        if (path.endsWith('index.html')) reply.header('cache-control', 'no-cache')
      },
    })
  }
  app.get('/install.sh', async (_request, reply) =>
    reply.type('text/x-shellscript; charset=utf-8').send(await readFile(installScript)),
  )
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '/'
    if (request.method !== 'GET' || programPaths.test(path))
      throw new AppError('not-found', `there is nothing at ${request.method} ${path}`)
    if (path.startsWith('/assets/'))
      throw new AppError('not-found', `there is no ${path}; reload the page, the server has a newer one`)
    if (!built) throw new AppError('not-found', 'the page has not been built; run `npm run build`')
    return reply.sendFile('index.html')
  })
}
