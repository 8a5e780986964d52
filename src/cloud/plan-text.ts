import type { Plan, PlanAction, PlanActionKind } from '../contract/plan.ts'

const words: Readonly<Record<PlanActionKind, string>> = {
  create: '+ create',
  'change-live': '~ change',
  'change-at-next-start': '~ change at next start',
  replace: '! replace',
  remove: '- remove',
  refused: 'x refused',
}

/** A plan in lines, as people read it. */
export function planLines({ actions, unchanged, images, placements, warnings }: Plan): string[] {
  const width = Math.max(0, ...actions.map((action) => words[action.kind].length))
  const chosen = placements.flatMap(({ instance, host, hosts }) => {
    const others = hosts.filter((one) => one.host !== host).map((one) => `${one.host}: ${one.reason}`)
    const chosen = hosts.filter((one) => one.host === host).map(({ reason }) => reason)
    return others.length === 0
      ? []
      : [`  ${instance} goes to ${host ?? 'no host'} (${[...chosen, ...others].join('; ')})`]
  })
  return [
    ...actions.flatMap((action) => actionLines(action, width)),
    ...chosen,
    ...images
      .filter(({ channel }) => channel !== undefined)
      .map(({ name, channel, version }) => `  the channel ${channel} of ${name} means ${version}`),
    ...warnings.map((warning) => `  warning: ${warning}`),
    summary(actions, unchanged),
  ]
}

function actionLines({ kind, thing, name, host, interrupts, reason, changes }: PlanAction, width: number): string[] {
  const where = host === null ? '' : ` on ${host}`
  const loud = interrupts ? ' (INTERRUPTS)' : ''
  return [
    `${words[kind].padEnd(width)}  ${thing} ${name}${where}${loud}: ${reason}`,
    ...changes.map(
      ({ field, from, to }) => `${' '.repeat(width)}    ${field}: ${to === from ? to : `${from} → ${to}`}`,
    ),
  ]
}

function summary(actions: readonly PlanAction[], unchanged: number): string {
  if (actions.length === 0) return `nothing to do; ${unchanged} are as they should be`
  const count = (...kinds: PlanActionKind[]) => actions.filter(({ kind }) => kinds.includes(kind)).length
  const parts = [
    [count('create'), 'to create'],
    [count('change-live', 'change-at-next-start'), 'to change'],
    [count('replace'), 'to replace'],
    [count('remove'), 'to remove'],
    [count('refused'), 'refused'],
    [unchanged, 'unchanged'],
  ] as const
  return parts
    .filter(([number]) => number > 0)
    .map(([number, what]) => `${number} ${what}`)
    .join(', ')
}
