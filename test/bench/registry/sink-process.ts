// A registry that keeps nothing: `sink-process.ts PORT` counts the bytes that come and answers with as many. What the client reaches
// against it is the client's own limit.
import { createServer, type Socket } from 'node:net'

const zeros = Buffer.alloc(1 << 20)
const uploads = new Map<string, number>()
const blobs = new Map<string, number>()
const manifests = new Map<string, { type: string; content: Buffer }>()
let lastUpload = 0

interface Head {
  method: string
  path: string
  query: URLSearchParams
  length: number
  isChunked: boolean
  type: string
}

function serve(socket: Socket): void {
  let head: Head | undefined
  let bytes = 0
  let tail = ''
  let kept: Buffer[] = []
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', async (data: Buffer) => {
    let body = data
    if (!head) {
      // The client writes a head at once, so it comes in one piece.
      const end = data.indexOf('\r\n\r\n')
      head = parseHead(data.toString('latin1', 0, end))
      body = data.subarray(end + 4)
    }
    bytes += body.length
    if (head.isChunked) tail = (tail + body.toString('latin1', Math.max(0, body.length - 7))).slice(-7)
    else if (head.type !== '') kept.push(body)
    if (head.isChunked ? tail !== '\r\n0\r\n\r\n' : bytes < head.length) return
    const request = head
    const content = Buffer.concat(kept)
    head = undefined
    kept = []
    tail = ''
    await answer(socket, request, bytes, content)
    bytes = 0
  })
}

function parseHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n')
  const [method = '', target = ''] = first.split(' ')
  const [path = '', query = ''] = target.split('?')
  const value = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? ''
  return {
    method,
    path,
    query: new URLSearchParams(query),
    length: Number(value('content-length')),
    isChunked: value('transfer-encoding') === 'chunked',
    type: value('content-type'),
  }
}

async function answer(socket: Socket, head: Head, bytes: number, content: Buffer): Promise<void> {
  const { method, path, query } = head
  const [, repository = '', kind = '', last = ''] = /^\/v2\/(.*)\/(blobs|manifests|tags)\/(.*)$/.exec(path) ?? []
  if (method === 'POST') return say(socket, 202, `location: ${path}${++lastUpload}\r\n`)
  if (kind === 'blobs' && (method === 'PATCH' || method === 'PUT')) {
    const digest = query.get('digest')
    uploads.set(path, (uploads.get(path) ?? 0) + bytes)
    if (digest !== null) blobs.set(digest, uploads.get(path) ?? 0)
    return say(socket, digest === null ? 202 : 201, `location: ${path}\r\n`)
  }
  if (kind === 'blobs' && method === 'GET') {
    let left = blobs.get(last) ?? 0
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${left}\r\n\r\n`)
    for (; left > 0; left -= zeros.length)
      if (!socket.write(left < zeros.length ? zeros.subarray(0, left) : zeros))
        await new Promise((resolve) => socket.once('drain', resolve))
    return
  }
  if (method === 'PUT') {
    manifests.set(`${repository}:${last}`, { type: head.type, content })
    return say(socket, 201, '')
  }
  if (kind === 'tags') {
    const tags = [...manifests.keys()]
      .filter((name) => name.startsWith(`${repository}:`))
      .map((name) => name.split(':')[1])
    return say(socket, 200, '', Buffer.from(JSON.stringify({ name: repository, tags })))
  }
  const manifest = manifests.get(`${repository}:${last}`)
  if (!manifest) return say(socket, path === '/v2/' ? 200 : 404, '')
  return say(socket, 200, `content-type: ${manifest.type}\r\n`, manifest.content, method === 'HEAD')
}

function say(socket: Socket, status: number, headers: string, body: Buffer = Buffer.alloc(0), isHead = false): void {
  const head = `HTTP/1.1 ${status} So\r\n${headers}content-length: ${body.length}\r\n\r\n`
  socket.write(isHead || body.length === 0 ? head : Buffer.concat([Buffer.from(head), body]))
}

createServer(serve).listen(Number(process.argv[2]), '127.0.0.1')
