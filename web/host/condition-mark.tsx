import type { HostCondition } from '../../src/contract/host.ts'
import { WordMark } from '../shared/word-mark.tsx'
import { conditions } from './words.ts'

export function ConditionMark({ condition }: { condition: HostCondition }) {
  return <WordMark word={conditions[condition]} />
}
