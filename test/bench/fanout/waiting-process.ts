// A server that knows nothing: `waiting-process.ts PORT` lets hosts wait, and answers all of them with what a promotion names. What the
// client reaches against it is the client's own limit.
import { createServer, type ServerResponse } from 'node:http'

const waiting = new Set<ServerResponse>()
let generation = 0
let promoted = { releases: [{ component: '', version: '' }] }

function tell(response: ServerResponse): void {
  const [release] = promoted.releases
  // As long as a real document of one component.
  const components = [
    { name: release?.component, version: release?.version, digest: `sha256:${'0'.repeat(64)}`, size: 1000 },
  ]
  const releaseSet = { digest: `sha256:${'0'.repeat(64)}`, components }
  const text = JSON.stringify({
    host: '0'.repeat(16),
    generation,
    releaseSet,
    instances: [],
    network: {},
    operations: [],
  })
  response.writeHead(200, { etag: `"${generation}"`, 'content-length': text.length }).end(text)
}

const server = createServer(async (request, response) => {
  if (request.method === 'POST') {
    let body = ''
    for await (const piece of request) body += piece
    promoted = JSON.parse(body)
    generation += 1
    const told = [...waiting]
    waiting.clear()
    for (const one of told) tell(one)
    const answer = JSON.stringify({ hostsChanged: told.length })
    response.writeHead(200, { 'content-length': answer.length }).end(answer)
  } else if (request.headers['if-none-match'] === `"${generation}"`) {
    waiting.add(response)
    response.once('close', () => waiting.delete(response))
  } else tell(response)
})
server.keepAliveTimeout = 0
server.listen(Number(process.argv[2]), '127.0.0.1')
