import type { CloudVolume } from '../../src/contract/cloud-instance.ts'
import type { PlanAction, PlanActionKind } from '../../src/contract/plan.ts'
import type { Word } from '../shared/word.ts'

/** What a plan would do to a thing. */
export const planKinds: { readonly [K in PlanActionKind]: Word } = {
  refused: { label: 'Refused', tone: 'bad', icon: 'stop', meaning: 'It cannot be done as it is.' },
  remove: { label: 'Remove', tone: 'bad', icon: 'cross', meaning: 'It goes, with its disks.' },
  replace: {
    label: 'Replace',
    tone: 'bad',
    icon: 'refresh',
    meaning: 'It is removed with its disks and made anew, with the same addresses.',
  },
  'change-at-next-start': {
    label: 'Change later',
    tone: 'warn',
    icon: 'clock',
    meaning: 'Nothing is interrupted, and nothing changes until it starts again.',
  },
  'change-live': { label: 'Change', tone: 'busy', icon: 'refresh', meaning: 'It changes while it runs.' },
  create: { label: 'Create', tone: 'good', icon: 'plus', meaning: 'It is new.' },
}

const kindOrder = Object.keys(planKinds)

/** The actions of a plan, those first that somebody would notice. */
export function loudestFirst(actions: readonly PlanAction[]): PlanAction[] {
  return actions.toSorted(
    (a, b) =>
      Number(b.kind === 'refused') - Number(a.kind === 'refused') ||
      Number(b.interrupts) - Number(a.interrupts) ||
      kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind),
  )
}

export const volumeStates: { readonly [S in CloudVolume['state']]: Word } = {
  failed: { label: 'Failed', tone: 'bad', icon: 'stop', meaning: 'It cannot be made, or not be made larger.' },
  unknown: { label: 'Unknown', tone: 'warn', icon: 'silent', meaning: 'Its host is silent, or was fenced.' },
  pending: {
    label: 'Pending',
    tone: 'busy',
    icon: 'clock',
    meaning: 'It is made when the first instance that has it is placed.',
  },
  absent: { label: 'Removed', tone: 'quiet', icon: 'cross', meaning: 'It is gone.' },
  present: { label: 'There', tone: 'good', icon: 'check', meaning: 'It is on its host.' },
}
