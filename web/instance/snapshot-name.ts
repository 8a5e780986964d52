/** A name for a snapshot that is taken now: "2026-11-22-140307", in UTC. */
export function newSnapshotName(now: Date): string {
  const [date = '', time = ''] = now.toISOString().split('T')
  return `${date}-${time.slice(0, 8).replaceAll(':', '')}`
}

/** Why a snapshot cannot have this name; undefined when it can. What the contract's SnapshotName allows. */
export function snapshotNameProblem(name: string, taken: readonly string[]): string | undefined {
  if (!/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(name)) return 'Small letters, digits and . _ - between them'
  if (name.length > 40) return 'At most 40 characters'
  return taken.includes(name) ? 'There is a snapshot of this name' : undefined
}
