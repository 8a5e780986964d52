import type { ServerEvent } from '../../src/contract/event.ts'

/** Reads the `data:` of one server-sent event. A kind that this page does not know (a newer server's) is undefined. */
export function parseEvent(data: string): ServerEvent | undefined {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { kind, name } = value as Record<string, unknown>
  if (typeof name !== 'string') return undefined
  switch (kind) {
    case 'host':
    case 'channel':
    case 'artifact':
    case 'stack':
    case 'instance':
    case 'floating-range':
      return { kind, name }
    default:
      return undefined
  }
}

/** Whether the answer at a path of the API changes with an event. */
export function affects({ kind, name }: ServerEvent, path: string): boolean {
  if (isHistory(path)) return false
  switch (kind) {
    case 'host':
      return path === '/hosts' || isOrBelow(path, `/hosts/${name}`)
    // A channel that moves changes what its hosts should run.
    case 'channel':
      return path === '/channels' || isHosts(path)
    case 'artifact':
      return path === '/artifacts' || path === `/artifacts/${name}`
    // A stack that is applied makes and removes instances, volumes and networks.
    case 'stack':
      return (
        path === '/stacks' ||
        isOrBelow(path, `/stacks/${name}`) ||
        path === '/instances' ||
        path.startsWith(`/instances/${name}.`) ||
        path === '/volumes' ||
        isNetworks(path) ||
        isRules(path)
      )
    // The stack counts those that run; one that is gone is on no network any more, and in no group.
    case 'instance':
      return (
        path === '/instances' ||
        isOrBelow(path, `/instances/${name}`) ||
        path === '/stacks' ||
        path === `/stacks/${name.split('.')[0]}` ||
        path === '/volumes' ||
        isNetworks(path)
      )
    // What is taken out of a range, and whether the outside routes it, comes with the addresses.
    case 'floating-range':
      return path === '/floating-ranges' || path === '/floating-ips'
  }
}

function isOrBelow(path: string, top: string): boolean {
  return path === top || path.startsWith(`${top}/`)
}

function isNetworks(path: string): boolean {
  return isOrBelow(path, '/networks') || path === '/security-groups' || path === '/floating-ips'
}

function isRules(path: string): boolean {
  return isHosts(path) && path.endsWith('/network/rules')
}

function isHosts(path: string): boolean {
  return isOrBelow(path, '/hosts')
}

/** It grows by a point each minute, whatever happens: who shows it asks by the clock. */
function isHistory(path: string): boolean {
  return /^\/(hosts|instances)\/[^/]+\/history$/.test(path)
}

/** Whether an answer changes when a host falls silent, which is a matter of time and in no event. */
export function changesWithTime(path: string): boolean {
  if (isHistory(path)) return false
  return isHosts(path) || isOrBelow(path, '/instances') || isOrBelow(path, '/stacks') || path === '/volumes'
}
