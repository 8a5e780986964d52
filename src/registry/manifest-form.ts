import { AppError } from '../contract/errors.ts'
import { type Descriptor, Index, Manifest, mediaTypes } from '../contract/oci.ts'
import { parseJson } from '../contract/parse.ts'
import { parseDigest } from './digests.ts'

/** What a registry needs to know of a manifest or an index. */
export interface ParsedManifest {
  mediaType: string
  /** OCI Distribution 1.1, "Listing Referrers": that of the manifest, else the media type of its config. */
  artifactType: string | null
  subject: string | null
  /** What must be in the repository before. */
  references: { kind: 'blob' | 'manifest'; digest: string; size: number }[]
  /** The document itself: one of the two. */
  manifest?: Manifest
  index?: Index
}

const forms: Record<string, 'manifest' | 'index'> = {
  [mediaTypes.manifest]: 'manifest',
  [mediaTypes.dockerManifest]: 'manifest',
  [mediaTypes.index]: 'index',
  [mediaTypes.dockerIndex]: 'index',
}

/** Layers of these types may be kept elsewhere (OCI Image 1.1, "Non-Distributable Layers"). */
const foreignLayer = /nondistributable|\.foreign\./

/** Reads what was pushed. @throws AppError MANIFEST_INVALID, with what is wrong */
export function parseManifest(content: Buffer, contentType: string): ParsedManifest {
  const form = Object.hasOwn(forms, contentType) ? forms[contentType] : undefined
  if (form === undefined)
    throw new AppError(
      'MANIFEST_INVALID',
      `Content-Type ${JSON.stringify(contentType)} is not that of a manifest; taken are ${Object.keys(forms).join(', ')}`,
    )
  const text = content.toString('utf8')
  const document = parseJson(form === 'index' ? Index : Manifest, text, 'the manifest', 'MANIFEST_INVALID')
  if (document.mediaType !== undefined && document.mediaType !== contentType)
    throw new AppError(
      'MANIFEST_INVALID',
      `the manifest says that it is a ${document.mediaType}, its Content-Type says ${contentType}`,
    )
  const common = { mediaType: contentType, subject: document.subject?.digest ?? null }
  if (document.subject) checkDigest(document.subject)
  if (form === 'index') {
    const index = document as Index
    const references = index.manifests.map((entry) => reference('manifest', entry))
    return { ...common, artifactType: index.artifactType ?? null, references, index }
  }
  const manifest = document as Manifest
  const blobs = [manifest.config, ...manifest.layers.filter((layer) => !foreignLayer.test(layer.mediaType))]
  return {
    ...common,
    artifactType: manifest.artifactType ?? manifest.config.mediaType,
    references: blobs.map((descriptor) => reference('blob', descriptor)),
    manifest,
  }
}

function reference(kind: 'blob' | 'manifest', descriptor: Descriptor): ParsedManifest['references'][number] {
  checkDigest(descriptor)
  return { kind, digest: descriptor.digest, size: descriptor.size }
}

function checkDigest({ digest }: Descriptor): void {
  try {
    parseDigest(digest)
  } catch (cause) {
    throw new AppError('MANIFEST_INVALID', `the manifest refers to ${(cause as Error).message}`, { cause })
  }
}
