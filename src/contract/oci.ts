import { type Static, Type } from 'typebox'

/** Media types: those of OCI Image 1.1 and our own. */
export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  component: 'application/vnd.slipway.component.v1',
  componentConfig: 'application/vnd.slipway.component.config.v1+json',
  bundle: 'application/vnd.slipway.bundle.v1.tar+zstd',
  /** One plain file that was uploaded as it is. */
  file: 'application/vnd.slipway.file.v1',
  /** OCI Image 1.1, "Guidance for an empty descriptor": the config of an artifact that has none. */
  empty: 'application/vnd.oci.empty.v1+json',
  image: 'application/vnd.slipway.image.v1',
  imageConfig: 'application/vnd.slipway.image.config.v1+json',
  disk: 'application/vnd.slipway.disk.v1.raw+zstd',
} as const

/** Any digest that OCI allows; this registry stores those of algorithms that it knows. */
const AnyDigest = Type.String({ pattern: '^[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$', maxLength: 200 })

const Annotations = Type.Record(Type.String(), Type.String())

/** OCI Image 1.1, "OCI Content Descriptors". */
export const Descriptor = Type.Object({
  mediaType: Type.String({ minLength: 1, maxLength: 255 }),
  digest: AnyDigest,
  size: Type.Integer({ minimum: 0 }),
  artifactType: Type.Optional(Type.String({ maxLength: 255 })),
  annotations: Type.Optional(Annotations),
  platform: Type.Optional(
    Type.Object({ os: Type.String(), architecture: Type.String(), 'os.version': Type.Optional(Type.String()) }),
  ),
})
export type Descriptor = Static<typeof Descriptor>

/** OCI Image 1.1, "OCI Image Manifest Specification". */
export const Manifest = Type.Object({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Optional(Type.String()),
  artifactType: Type.Optional(Type.String()),
  config: Descriptor,
  layers: Type.Array(Descriptor),
  subject: Type.Optional(Descriptor),
  annotations: Type.Optional(Annotations),
})
export type Manifest = Static<typeof Manifest>

/** OCI Image 1.1, "OCI Image Index Specification". */
export const Index = Type.Object({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Optional(Type.String()),
  artifactType: Type.Optional(Type.String()),
  manifests: Type.Array(Descriptor),
  subject: Type.Optional(Descriptor),
  annotations: Type.Optional(Annotations),
})
export type Index = Static<typeof Index>
