import { about } from '../failure.ts'
import { type Links, taken } from '../links.ts'
import type { Step } from '../machine.ts'
import type { AgentPaths } from '../paths.ts'
import type { Program } from '../program.ts'
import type { Installed, ReleaseStore } from '../release-store.ts'
import type { Services } from '../services.ts'
import { onlyIn } from '../set-difference.ts'
import { pick } from './stop.ts'

export interface StartParts {
  paths: AgentPaths
  store: ReleaseStore
  links: Links
  services: Services
  program: Program
}

/** Makes the links of the new set and starts the services of what changed, each after those it requires. */
export function startStep({ paths, store, links, services, program }: StartParts): Step<'start'> {
  return async ({ target, origin }) => {
    if (!target) throw new Error('there is no set to start')
    const components = await store.open(target)
    for (const component of components) {
      const [path] = await links.place([component], paths.current)
      if (path !== undefined) throw taken(component.ref.name, path, 'service-failed')
    }
    await startServices(services, pick(components, onlyIn(target, origin)))
    return (await program.isCurrent()) ? 'started' : 'agentChanged'
  }
}

/** Enables and starts all services of `components`, which are in the order of their start. */
export async function startServices(services: Services, components: readonly Installed[]): Promise<void> {
  for (const { ref, config } of components)
    for (const service of config.services) {
      try {
        await services.enable(service)
        await services.start(service)
      } catch (error) {
        throw about(ref.name, error)
      }
    }
}
