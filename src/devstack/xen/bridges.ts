/** The network interfaces of a machine, as far as the simulator knows them: bridges, and what is in them. */
export interface Bridges {
  names(): string[]
  exists(bridge: string): boolean
  create(bridge: string): boolean
  destroy(bridge: string): boolean
  members(bridge: string): readonly string[]
  bridgeOf(member: string): string | undefined
  /** Whether it could: the bridge is there, and the interface is in none. */
  add(bridge: string, member: string): boolean
  remove(member: string): void
}

export function openBridges(initial: readonly string[]): Bridges {
  const bridges = new Map<string, Set<string>>(initial.map((name) => [name, new Set()]))
  const bridgeOf = (member: string) => [...bridges].find(([, members]) => members.has(member))?.[0]
  return {
    names: () => [...bridges.keys()],
    exists: (bridge) => bridges.has(bridge),
    create(bridge) {
      if (bridges.has(bridge)) return false
      bridges.set(bridge, new Set())
      return true
    },
    destroy: (bridge) => bridges.delete(bridge),
    members: (bridge) => [...(bridges.get(bridge) ?? [])],
    bridgeOf,
    add(bridge, member) {
      if (!bridges.has(bridge) || bridgeOf(member) !== undefined) return false
      bridges.get(bridge)?.add(member)
      return true
    },
    remove: (member) => {
      for (const members of bridges.values()) members.delete(member)
    },
  }
}
