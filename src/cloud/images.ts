import type { ImagePointer } from '../contract/cloud-instance.ts'
import { AppError } from '../contract/errors.ts'
import type { ImageConfig } from '../contract/image.ts'
import type { ImageRef } from '../contract/instance.ts'
import type { PinnedImage } from '../contract/plan.ts'
import type { Stack, StackInstance } from '../contract/stack.ts'
import type { Db } from '../database/open.ts'

/** An image release as instances use it. */
export interface Image {
  ref: ImageRef
  config: ImageConfig
  /** The channel that it was found by. */
  channel?: string
}

/** What the cloud asks of the registry; the server passes it in. */
export interface Images {
  /** @throws AppError release-unknown when the image has no such version */
  find(db: Db, name: string, version: string): Promise<Image>
  /** Whether images that were found are still there: retention may have been at it. Then they stay until the transaction ends. @throws AppError release-unknown */
  check(trx: Db, pinned: readonly Pick<PinnedImage, 'name' | 'version'>[]): Promise<void>
}

/** The images of a stack, by what its instances ask for. */
export type ImageOf = (asked: StackInstance['image']) => Image | undefined

/**
 * Finds the images of a stack: by version, or where the channel points to now. With `pins` a channel means what it meant then.
 * @throws AppError release-unknown, naming the image and the way out
 */
export async function resolveImages(
  db: Db,
  images: Images,
  stack: Stack,
  pins: readonly PinnedImage[] = [],
): Promise<{ imageOf: ImageOf; pinned: PinnedImage[] }> {
  const found = new Map<string, Image>()
  for (const { image } of stack.instances ?? []) {
    const { name, version, channel } = image
    if (name === undefined || found.has(keyOf(image))) continue
    const pin = pins.find((one) => one.name === name && one.channel === channel && channel !== undefined)
    const wanted = version ?? pin?.version ?? (await pointerOf(db, name, channel ?? ''))
    found.set(keyOf(image), { ...(await images.find(db, name, wanted)), ...(channel === undefined ? {} : { channel }) })
  }
  const pinned = [...found.values()].map(({ ref: { name, version, digest }, channel }) => ({
    name,
    ...(channel === undefined ? {} : { channel }),
    version,
    digest,
  }))
  const order = ({ name, version, channel = '' }: PinnedImage) => `${name} ${version} ${channel}`
  return {
    imageOf: (asked) => found.get(keyOf(asked)),
    pinned: pinned.sort((a, b) => (order(a) < order(b) ? -1 : 1)),
  }
}

function keyOf({ name, version, channel }: StackInstance['image']): string {
  return `${name} ${version ?? ''} ${channel ?? ''}`
}

/** The version of an image that a channel means. @throws AppError release-unknown */
async function pointerOf(db: Db, image: string, channel: string): Promise<string> {
  const pointers = await listPointers(db, image)
  const pointer = pointers.find((one) => one.channel === channel)
  if (pointer) return pointer.version
  const known = pointers.map((one) => one.channel).join(', ')
  throw new AppError(
    'release-unknown',
    `the channel ${channel} has no version of the image ${image}${known ? ` (${known} ${pointers.length === 1 ? 'has' : 'have'})` : ''}; \`slipway image promote ${image}@VERSION ${channel}\` points it to one`,
  )
}

/** Where the channels of an image point to, by channel. */
export async function listPointers(db: Db, image: string): Promise<ImagePointer[]> {
  const rows = await db.selectFrom('image_pointers').selectAll().where('image', '=', image).orderBy('channel').execute()
  return rows.map((row) => ({
    image: row.image,
    channel: row.channel,
    version: row.version,
    promotedAt: row.promoted_at,
    promotedBy: row.promoted_by,
  }))
}

/**
 * Points a channel to a version of an image. Instances stay as they are until their stack is applied again.
 * @throws AppError release-unknown
 */
export async function promoteImage(
  trx: Db,
  images: Images,
  {
    image,
    channel,
    version,
    actor,
    now,
  }: { image: string; channel: string; version: string; actor: string; now: Date },
): Promise<ImagePointer> {
  await images.find(trx, image, version)
  await images.check(trx, [{ name: image, version }])
  const promoted = { version, promoted_at: now.toISOString(), promoted_by: actor }
  await trx
    .insertInto('image_pointers')
    .values({ image, channel, ...promoted })
    .onConflict((conflict) => conflict.columns(['image', 'channel']).doUpdateSet(promoted))
    .execute()
  return { image, channel, version, promotedAt: promoted.promoted_at, promotedBy: actor }
}
