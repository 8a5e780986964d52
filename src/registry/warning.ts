import type { FastifyReply } from 'fastify'

/** OCI Distribution 1.1, "Warnings": clients may drop what is longer in all. */
const maxBytes = 4096

/**
 * Tells the client's user something beside a success, in a `Warning` header: code 299, no agent, no date. Text beyond the limit is cut;
 * what a header cannot hold becomes a question mark.
 */
export function warn(reply: FastifyReply, text: string): void {
  const plain = text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, "'")
  const room = maxBytes - '299 - ""'.length
  reply.header('warning', `299 - "${plain.length > room ? `${plain.slice(0, room - 3)}...` : plain}"`)
}
