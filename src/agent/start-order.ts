import type { ComponentConfig } from '../contract/component.ts'

/** Components so that each comes after those it requires; otherwise by name. A circle of requirements is cut where it was entered. */
export function inStartOrder<T extends { config: Pick<ComponentConfig, 'name' | 'requires'> }>(
  components: readonly T[],
): T[] {
  const byName = new Map(components.map((component) => [component.config.name, component]))
  const ordered = new Set<T>()
  const entered = new Set<T>()
  const visit = (component: T) => {
    if (entered.has(component)) return
    entered.add(component)
    for (const name of Object.keys(component.config.requires).sort()) {
      const required = byName.get(name)
      if (required) visit(required)
    }
    ordered.add(component)
  }
  for (const name of [...byName.keys()].sort()) visit(byName.get(name) as T)
  return [...ordered]
}
