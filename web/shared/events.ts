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
  return kind === 'host' || kind === 'channel' || kind === 'artifact' ? { kind, name } : undefined
}

/** Whether the answer at a path of the API changes with an event. */
export function affects({ kind, name }: ServerEvent, path: string): boolean {
  switch (kind) {
    case 'host':
      return path === '/hosts' || path === `/hosts/${name}`
    // A channel that moves changes what its hosts should run.
    case 'channel':
      return path === '/channels' || isHosts(path)
    case 'artifact':
      return path === '/artifacts' || path === `/artifacts/${name}`
  }
}

/** Whether a path answers hosts, whose silence is a matter of time and in no event. */
export function isHosts(path: string): boolean {
  return path === '/hosts' || path.startsWith('/hosts/')
}
