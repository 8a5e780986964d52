import { about } from '../failure.ts'
import type { Step } from '../machine.ts'
import type { Installed, ReleaseStore } from '../release-store.ts'
import type { Services } from '../services.ts'
import { onlyIn } from '../set-difference.ts'

/** Stops the services of what changes or goes, in the reverse order of their start. What both sets have alike is not touched. */
export function stopStep({ store, services }: { store: ReleaseStore; services: Services }): Step<'stop'> {
  return async ({ origin, target }) => {
    if (origin) await stopServices(services, pick(await store.open(origin), onlyIn(origin, target)))
    return 'stopped'
  }
}

/** Stops all services of `components`, which are in the order of their start. One that does not run is fine. */
export async function stopServices(services: Services, components: readonly Installed[]): Promise<void> {
  for (const { ref, config } of components.toReversed())
    for (const service of config.services.toReversed())
      await services.stop(service).catch((error) => {
        throw about(ref.name, error)
      })
}

/** Those of `components` whose release is in `refs`, in the order that they have. */
export function pick(components: readonly Installed[], refs: readonly { digest: string }[]): Installed[] {
  return components.filter(({ ref }) => refs.some(({ digest }) => digest === ref.digest))
}
