import type { IconName } from './icon-shapes.ts'
import type { Tone } from './tone.ts'

/** How something is, as it is shown. */
export interface Word {
  label: string
  tone: Tone
  icon: IconName
  /** What it means, in a sentence. */
  meaning: string
}
