import type { CloudInstance } from '../../src/contract/cloud-instance.ts'
import type { HostReport, ImageReport } from '../../src/contract/report.ts'

/** What an instance's host says of its image while that is on its way; undefined once it is there. */
export function imageComing(
  image: CloudInstance['image'],
  report: Pick<HostReport, 'images'> | null | undefined,
): ImageReport | undefined {
  return (
    (image && report?.images?.find(({ name, version }) => name === image.name && version === image.version)) ||
    undefined
  )
}

/** How much of an image is there, in whole percent; never 100 before all of it is. */
export function percentThere({ doneBytes, sizeBytes }: Pick<ImageReport, 'doneBytes' | 'sizeBytes'>): number {
  return sizeBytes === 0 ? 0 : Math.min(100, Math.floor((100 * doneBytes) / sizeBytes))
}
