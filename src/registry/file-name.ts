import type { Descriptor } from '../contract/oci.ts'

/** OCI Image 1.1, "Pre-Defined Annotation Keys": the name of a layer that is a file. */
export const titleAnnotation = 'org.opencontainers.image.title'

/** The name under which a layer is saved: its title, else one made of its repository, its version, and what its media type says. */
export function fileNameOf(layer: Descriptor, repository: string, reference: string): string {
  const title = layer.annotations?.[titleAnnotation]?.split('/').at(-1)
  if (title) return title
  const [, form, packed] = /\.(tar|raw)(?:[.+](gzip|zstd))?$/.exec(layer.mediaType) ?? []
  const version = reference.replace(/^(\w+):(\w{12}).*$/, '$1-$2')
  const extensions = [form, packed === 'gzip' ? 'gz' : packed === 'zstd' ? 'zst' : undefined]
  return [`${repository.split('/').at(-1)}-${version}`, ...extensions].filter((part) => part !== undefined).join('.')
}

/** A Content-Disposition that saves and never shows (RFC 6266; the second form, for names beyond ASCII, is that of RFC 8187). */
export function attachment(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["%\\]/g, '_')
  if (plain === name) return `attachment; filename="${name}"`
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
