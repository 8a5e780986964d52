import { Stack } from '../../contract/stack.ts'
import type { Api } from './api.ts'

/** The forms of files that people write, for their editors. They tell nothing of this server, so they ask for no token. */
export function schemaRoutes({ app }: Api): void {
  const schema = JSON.stringify({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...Stack })
  app.get('/schemas/stack.json', { config: { access: 'anyone' } }, (_request, reply) =>
    reply.type('application/schema+json').header('access-control-allow-origin', '*').send(schema),
  )
}
