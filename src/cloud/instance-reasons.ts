import type { PlanChange } from '../contract/plan.ts'
import type { Blueprint } from './blueprint.ts'
import { sameSource, sourceText } from './differences.ts'
import type { HostRoom } from './place.ts'
import type { InstanceRow } from './rows.ts'
import { sizeText } from './size.ts'

/** The sentences of a plan that say why something becomes of an instance. */

/** Why an instance cannot stay itself; undefined when it can. */
export function whyReplaced(
  { document }: InstanceRow,
  next: Blueprint,
  host: HostRoom | undefined,
): string | undefined {
  if (host?.fenced) return `${host.name} is fenced; its disk stays there, and a new one is made`
  const { source } = document.root
  if (sameSource(source, next.source)) return undefined
  return `its disk begins as ${sourceText(next.source)} instead of ${sourceText(source)}; what is on the disk is lost${away(host)}`
}

/** `leaving` is where one of its name is on its way out. */
export function whyNew(leaving: HostRoom | undefined): string {
  return leaving ? `it is new; it starts when the one before it is gone from ${leaving.name}` : 'it is new'
}

export function whyRemoved({ document }: InstanceRow, host: HostRoom | undefined): string {
  return `it is not in the stack any more; its disk of ${sizeText(document.root.sizeBytes)} goes with it${away(host)}`
}

/** `cut` says what the running guest loses of its networks. */
export function howChanged(
  changes: readonly PlanChange[],
  { stops, cut }: { stops: boolean; cut: string | undefined },
  host: HostRoom | undefined,
): string {
  const fields = changes.map(({ field }) => field).join(', ')
  const when = changes.every((change) => change.when === 'live')
    ? `${fields} changes while it runs, where the guest can`
    : `${fields} changes when it starts the next time`
  return `${stops ? 'it is shut down' : (cut ?? when)}${away(host)}`
}

/** Why a change of labels alone is nothing to fear. */
export const whatLabelsDo = 'labels change at once and interrupt nothing: they are for those who look for it'

/** What it means for a change that its host is silent. */
function away(host: HostRoom | undefined): string {
  return host?.condition === 'silent' ? `; ${host.name} is silent, so this waits until it is back` : ''
}
