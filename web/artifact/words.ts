/** What kind of thing a release is, by its media types: a word, or the type itself when it is none of ours. */
export function kindText(mediaType: string, artifactType: string | null): string {
  const known: Readonly<Record<string, string>> = {
    'application/vnd.slipway.component.v1': 'component',
    'application/vnd.slipway.image.v1': 'guest image',
    'application/vnd.oci.image.index.v1+json': 'index of platforms',
    'application/vnd.docker.distribution.manifest.list.v2+json': 'index of platforms',
    'application/vnd.oci.image.manifest.v1+json': 'container image',
    'application/vnd.docker.distribution.manifest.v2+json': 'container image',
  }
  if (artifactType) return known[artifactType] ?? artifactType
  return known[mediaType] ?? mediaType
}
