import type { FastifyRequest } from 'fastify'
import { listRepositories } from './catalog.ts'
import { type Handlers, queryCount, queryText, type RegistryContext } from './route-context.ts'

/** How many names a page has at most, and how many rows are read at a time. */
const maxPage = 1000

/**
 * `GET /v2/_catalog?n=&last=`: the repositories that the caller may read, by name. OCI Distribution has no such list; this is the one
 * that Docker's registry had before it, and its tools ask for.
 */
export const catalogHandlers: Handlers<'catalog'> = {
  catalog: {
    async GET(context, _target, request, reply) {
      const limit = Math.min(queryCount(request, 'n') ?? maxPage, maxPage)
      // One more than asked for tells whether there are more.
      const names = await readable(context, request, limit + 1)
      if (names.length > limit) {
        names.length = limit
        const last = names.at(-1)
        if (last !== undefined)
          reply.header('link', `</v2/_catalog?n=${limit}&last=${encodeURIComponent(last)}>; rel="next"`)
      }
      return reply.send({ repositories: names })
    },
  },
}

async function readable({ db, isListed }: RegistryContext, request: FastifyRequest, limit: number): Promise<string[]> {
  const names: string[] = []
  for (let after = queryText(request, 'last') ?? ''; names.length < limit; ) {
    const page = await listRepositories(db, { after, limit: maxPage })
    for (const name of page) if (names.length < limit && (isListed?.(request, name) ?? true)) names.push(name)
    if (page.length < maxPage) break
    after = page.at(-1) as string
  }
  return names
}
