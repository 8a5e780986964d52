import { type Digest, hex, isDigest } from '../../contract/digest.ts'
import type { DiskName } from '../disk-store.ts'

/*
 * The datasets of a host, below the pool (or dataset) of compute.yaml:
 *
 *     <pool>/slipway                              org.slipway:layout=1, volmode=dev, the quota
 *     <pool>/slipway/images/<64 hex>              an image, and its snapshot @image: with it the image is whole
 *     <pool>/slipway/instances/<uuid>             the first disk of an instance
 *     <pool>/slipway/volumes/<id>
 *     …@slipway-<name>                            a snapshot that somebody asked us for
 *
 * Each volume carries `org.slipway:owner`, "<kind> <name>", of its own and not inherited. What does not is not ours.
 */
export const ownerProperty = 'org.slipway:owner'
export const memoryProperty = 'org.slipway:memory'
export const layoutProperty = 'org.slipway:layout'
/** The snapshot that makes an image whole, and the tag by which it is held. */
export const imageSnapshot = 'image'
export const holdTag = 'slipway'

const snapshotPrefix = 'slipway-'

export type StoredName = DiskName | { kind: 'image'; digest: string }

export function zvolNames(pool: string) {
  const top = `${pool}/slipway`
  return {
    top,
    groups: [`${top}/images`, `${top}/instances`, `${top}/volumes`],
    dataset: (name: StoredName) =>
      name.kind === 'image' ? `${top}/images/${hex(name.digest as Digest)}` : `${top}/${name.kind}s/${name.id}`,
    snapshot: (name: DiskName, snapshot: string) => `${top}/${name.kind}s/${name.id}@${snapshotPrefix}${snapshot}`,
    image: (digest: string) => `${top}/images/${hex(digest as Digest)}@${imageSnapshot}`,
  }
}

export function ownerText(name: StoredName): string {
  return name.kind === 'image' ? `image ${name.digest}` : `${name.kind} ${name.id}`
}

/** What the mark of a volume says; undefined when it is none of ours. */
export function readOwner(text: string): StoredName | undefined {
  const [kind, id, more] = text.split(' ')
  if (!id || more !== undefined) return undefined
  if (kind === 'image') return isDigest(id) ? { kind, digest: id } : undefined
  return kind === 'instance' || kind === 'volume' ? { kind, id } : undefined
}

/** The name that somebody gave a snapshot; undefined when it is none of ours. */
export function readSnapshot(name: string): string | undefined {
  return name.startsWith(snapshotPrefix) ? name.slice(snapshotPrefix.length) : undefined
}
