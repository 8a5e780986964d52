/** Port numbers, first and last. */
export interface PortRange {
  from: number
  to: number
}

/** 80, or "8000-8010". */
export function readPorts(ports: number | string): PortRange {
  const [from = 0, to = from] = String(ports).split('-').map(Number)
  return { from, to }
}

/** What is wrong with port numbers; undefined when nothing is. */
export function portsFault(ports: number | string): string | undefined {
  const { from, to } = readPorts(ports)
  if (from < 1 || to > 65_535 || from > 65_535) return `${ports} are no ports: they go from 1 to 65535`
  return to < from ? `${ports} ends before it begins` : undefined
}

export function portsText({ from, to }: PortRange): string {
  return from === to ? `${from}` : `${from}-${to}`
}

export function portsOverlap(a: PortRange, b: PortRange): boolean {
  return a.from <= b.to && b.from <= a.to
}
