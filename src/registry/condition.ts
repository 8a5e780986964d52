import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Gives an answer the entity tag of its content, and says whether the client has this content already: then the answer is 304 without a
 * body (RFC 9110, 13.1.2).
 */
export function isKnown(request: FastifyRequest, reply: FastifyReply, digest: string): boolean {
  const tag = entityTag(digest)
  reply.header('docker-content-digest', digest).header('etag', tag)
  const known = request.headers['if-none-match']
  if (known === undefined) return false
  const isSame = known.trim() === '*' || known.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
  if (isSame) reply.code(304)
  return isSame
}

/** Whether parts of the content are worth sending: not when the client has parts of another one (RFC 9110, 13.1.5). */
export function mayBeInParts(request: FastifyRequest, digest: string): boolean {
  const condition = request.headers['if-range']
  return condition === undefined || condition === entityTag(digest)
}

function entityTag(digest: string): string {
  return `"${digest}"`
}
