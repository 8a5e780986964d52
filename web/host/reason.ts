import type { HostSummary } from '../../src/contract/host.ts'
import { updateStates } from './words.ts'

/** Why a host is not healthy, as a sentence. For an update under way the server names its state; here it becomes words. */
export function reasonText({ condition, reason }: Pick<HostSummary, 'condition' | 'reason'>): string | undefined {
  if (reason === undefined) return undefined
  const words = Object.entries(updateStates).find(([state]) => state === reason)?.[1]
  return condition === 'updating' && words ? words : reason
}
