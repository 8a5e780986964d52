import { Mark } from './mark.tsx'
import type { Word } from './word.ts'

export function WordMark({ word: { label, tone, icon, meaning } }: { word: Word }) {
  return (
    <Mark tone={tone} icon={icon} title={meaning}>
      {label}
    </Mark>
  )
}
