import type { ImageReport } from '../../src/contract/report.ts'
import { bytesText } from '../shared/bytes.ts'
import { Meter } from '../shared/meter.tsx'
import { Notice } from '../shared/notice.tsx'
import { percentThere } from './image-coming.ts'

/** How far an image is on its way to the host, and why it does not come. */
export function ImageProgress({ image }: { image: ImageReport }) {
  const { name, version, doneBytes, sizeBytes, problem } = image
  const percent = percentThere(image)
  const words = `Fetching ${name} ${version}: ${percent} %`
  return (
    <Notice tone={problem ? 'warn' : 'busy'}>
      <p>
        {words}, {bytesText(doneBytes)} of {bytesText(sizeBytes)}
      </p>
      <Meter value={percent} max={100} tone={problem ? 'warn' : 'busy'} label={words} />
      {problem && <p>{problem}</p>}
    </Notice>
  )
}
