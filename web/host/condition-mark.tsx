import type { HostCondition } from '../../src/contract/host.ts'
import { Mark } from '../shared/mark.tsx'
import { conditions } from './words.ts'

export function ConditionMark({ condition }: { condition: HostCondition }) {
  const { label, tone, icon, meaning } = conditions[condition]
  return (
    <Mark tone={tone} icon={icon} title={meaning}>
      {label}
    </Mark>
  )
}
