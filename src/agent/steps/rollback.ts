import type { ReleaseSet } from '../../contract/release-set.ts'
import type { Rejection } from '../../contract/update.ts'
import { remove, syncFolder } from '../../platform/files.ts'
import type { Links } from '../links.ts'
import type { Step, Update } from '../machine.ts'
import type { AgentPaths } from '../paths.ts'
import type { Probe } from '../probe.ts'
import type { RejectionList } from '../rejections.ts'
import type { Installed, ReleaseStore } from '../release-store.ts'
import type { Services } from '../services.ts'
import { onlyIn } from '../set-difference.ts'
import { startServices } from './start.ts'
import { pick, stopServices } from './stop.ts'

export interface RollbackParts {
  paths: AgentPaths
  store: ReleaseStore
  links: Links
  services: Services
  probe: Probe
  rejections: RejectionList
}

/**
 * Brings the old set back from wherever the update stopped, asks its checks as strictly as those of a new one, and remembers what
 * was rolled back. Each part may find its work done already, so it may run any number of times.
 */
export function rollbackStep(parts: RollbackParts): Step<'rollback'> {
  const { paths, store, links, services, probe, rejections } = parts

  async function restore(
    target: ReleaseSet | undefined,
    origin: ReleaseSet | undefined,
    update: Update,
  ): Promise<void> {
    const old = origin ? await store.open(origin) : []
    const fresh = target ? await store.open(target) : []
    const replaced = pick(old, onlyIn(origin, target))
    if (target && mayHaveStarted(update)) {
      const added = pick(fresh, onlyIn(target, origin))
      // `current` may have been turned back already, so what only the new set has is reached through the set's own folder.
      await links.place(added, paths.set(target))
      await stopServices(services, added)
    }
    if (origin) await store.point('current', origin)
    else await store.unlinkCurrent()
    const foreign = await links.place(old, paths.current)
    if (foreign.length > 0) update.log.warn({ paths: foreign }, 'links of the old set are taken by something else')
    await links.drop(fresh, old)
    await startServices(services, mayHaveStarted(update) ? replaced : await stopped(services, replaced))
    await probe(old, update.signal)
  }

  return async (update) => {
    const rejection = rejectionOf(update)
    // Early, in case the rest fails; a disk without room for it must not keep the host from its old set.
    if (rejection)
      await rejections
        .add(rejection)
        .catch((error) => update.log.error({ err: error }, 'the rejection cannot be saved'))
    // Without a target the journal was not understood: whatever `current` is, is put in order.
    const origin = update.target ? update.origin : await store.linked('current')
    if (update.target || origin) await restore(update.target, origin, update)
    if (rejection) await rejections.add(rejection)
    await remove(paths.starts)
    await syncFolder(paths.database)
    return 'restored'
  }
}

/** Whether a service of the new set can be running. Before `start`, what runs is still the old. */
function mayHaveStarted({ failure }: Update): boolean {
  return failure?.state !== 'stop' && failure?.state !== 'switch'
}

/** The components that have a service which does not run. */
async function stopped(services: Services, components: readonly Installed[]): Promise<Installed[]> {
  const down: Installed[] = []
  for (const component of components) {
    const running = await Promise.all(component.config.services.map((service) => services.isRunning(service)))
    if (running.includes(false)) down.push(component)
  }
  return down
}

/** What is not to be tried again: the set, and the release that the failure names when it is the set's own doing. */
function rejectionOf({ target, origin, failure }: Update): Rejection | undefined {
  if (!target || !failure) return undefined
  const component = onlyIn(target, origin).find(({ name }) => name === failure.component)
  return { set: target.digest, ...(component ? { component } : {}), failure, at: failure.at }
}
