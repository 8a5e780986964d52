import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { check } from '../contract/check.ts'
import { AppError } from '../contract/errors.ts'
import { RepositoryName, TagName } from '../contract/names.ts'
import { answerBlob } from './blob-answer.ts'
import { findBlob, missingBlob } from './catalog.ts'
import { isDigest } from './digests.ts'
import { putFile } from './file-artifact.ts'
import { attachment, fileNameOf } from './file-name.ts'
import { findByReference } from './find-manifest.ts'
import { parseManifest } from './manifest-form.ts'
import type { StoredManifest } from './manifest-rows.ts'
import { holdsReleases } from './release-rules.ts'
import { removalNote } from './removed-tags.ts'
import { mayPull, type RegistryContext } from './route-context.ts'
import { checkedName, checkedTag } from './route-path.ts'

type FileRequest = FastifyRequest<{ Params: { '*': string } }>

/** What an address below /files/ means. */
interface Address {
  repository: string
  /** A tag or a digest. */
  reference: string
  name?: string
}

/** `/files/<repository>/<version>[/<name>]`: artifacts as plain files, for programs that know nothing of OCI. */
export function fileRoutes(app: FastifyInstance, context: RegistryContext): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/files/*',
    handler: (request: FileRequest, reply) => download(context, request, reply),
  })
  app.put('/files/*', (request: FileRequest, reply) => upload(context, request, reply))
}

async function download(context: RegistryContext, request: FileRequest, reply: FastifyReply): Promise<FastifyReply> {
  const path = request.params['*']
  const addresses = readAddresses(path)
  // Who may not look is told neither what is there nor what is missing.
  const readable: Address[] = []
  for (const address of addresses) if (await mayPull(context, request, address.repository)) readable.push(address)
  if (readable.length === 0)
    for (const { repository } of addresses) await context.authorize(request, 'pull', repository)
  for (const address of readable) {
    const manifest = await findByReference(context, address.repository, address.reference)
    if (manifest) return answerFile(context, address, manifest, request, reply)
  }
  let note = ''
  for (const { repository, reference } of readable) note ||= await removalNote(context.db, repository, reference)
  throw new AppError(
    'MANIFEST_UNKNOWN',
    `there is no file at /files/${path}${note || '; it is <repository>/<version>[/<file name>]'}`,
  )
}

/** Names of repositories have slashes, so the last part may be a version, or the name of a file behind one; a version goes first. */
function readAddresses(path: string): Address[] {
  const parts = path.split('/')
  const at = (end: number) => ({ repository: parts.slice(0, end).join('/'), reference: parts[end] ?? '' })
  const readings: Address[] = [at(parts.length - 1), { ...at(parts.length - 2), name: parts.at(-1) ?? '' }]
  return readings.filter(
    ({ repository, reference }) =>
      check(RepositoryName, repository) && (check(TagName, reference) || isDigest(reference)),
  )
}

async function answerFile(
  { db, blobs, counts, pulls }: RegistryContext,
  { repository, reference, name }: Address,
  stored: StoredManifest,
  request: FileRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { manifest, index } = parseManifest(stored.content, stored.mediaType)
  if (!manifest) {
    const members = index?.manifests.map(({ digest }) => `/files/${repository}/${digest}`) ?? []
    throw new AppError(
      'input-invalid',
      `${repository}:${reference} is of several platforms; ask for one of ${members.join(', ')}`,
    )
  }
  const names = manifest.layers.map((layer) => fileNameOf(layer, repository, reference))
  const layer = manifest.layers[name === undefined ? 0 : names.indexOf(name)]
  if (!layer)
    throw new AppError(
      'not-found',
      `${repository}:${reference} has no file ${name ?? ''}; it has ${names.join(', ') || 'none'}`,
    )
  const size = await findBlob(db, repository, layer.digest)
  if (size === undefined) throw await missingBlob(db, repository, layer.digest)
  if (request.method === 'GET') {
    counts.downloaded(repository)
    pulls?.note(repository, stored)
  }
  counts.watch(reply, repository)
  reply
    .header('content-disposition', attachment(fileNameOf(layer, repository, reference)))
    .header('x-content-type-options', 'nosniff')
  // Plain clients of plain files: many of them follow no redirect unless they are told to.
  return answerBlob({ read: blobs.read, pour: blobs.pour }, { digest: layer.digest, size }, request, reply)
}

async function upload(context: RegistryContext, request: FileRequest, reply: FastifyReply): Promise<FastifyReply> {
  const parts = request.params['*'].split('/')
  const name = parts.at(-1) ?? ''
  if (parts.length < 3 || !/^[^\p{Cc}]{1,255}$/u.test(name))
    throw new AppError('NAME_INVALID', 'a file is put to /files/<repository>/<version>/<file name>')
  const repository = checkedName(parts.slice(0, -2).join('/'))
  const tag = checkedTag(parts.at(-2) as string)
  await context.authorize(request, 'push', repository)
  if (holdsReleases(repository))
    throw new AppError(
      'UNSUPPORTED',
      `${repository} holds what hosts run, which is more than a file; use \`slipway publish\``,
    )
  const published = await putFile(context, request, { repository, tag, name })
  context.counts.watch(reply, repository)
  return reply
    .code(201)
    .header('location', `/files/${repository}/${tag}/${encodeURIComponent(name)}`)
    .header('docker-content-digest', published.digest)
    .send(published)
}
