import { join } from 'node:path'
import { cachePath } from '../../artifact/cache.ts'
import { readRelease } from '../../artifact/pull.ts'
import { AppError, isAppError } from '../../contract/errors.ts'
import { makeFolder, readTextIfThere, replaceFile, sizeIfThere } from '../../platform/files.ts'
import type { DesiredState } from '../desired-state.ts'
import { about, StepFailure } from '../failure.ts'
import { freeSpace } from '../free-space.ts'
import { type Links, taken } from '../links.ts'
import type { Step } from '../machine.ts'
import type { AgentPaths } from '../paths.ts'
import type { Installed, ReleaseStore } from '../release-store.ts'
import type { Services } from '../services.ts'
import { onlyIn } from '../set-difference.ts'

export interface StageParts {
  paths: AgentPaths
  store: ReleaseStore
  links: Links
  services: Services
  desired: Pick<DesiredState, 'current'>
}

/**
 * Unpacks the releases, builds the folder of the set, and asks everything that can be asked before a service stops. May run twice:
 * whatever has its proper name is whole, and configuration that is there is left alone.
 */
export function stageStep({ paths, store, links, services, desired }: StageParts): Step<'stage'> {
  return async ({ target, origin }) => {
    if (!target) throw new Error('there is no set to stage')
    try {
      for (const ref of target.components) {
        if (await store.has(ref)) continue
        const { config, bundle } = await readRelease(paths.cache, ref)
        await store.install(ref, config, cachePath(paths.cache, bundle.digest)).catch((error) => {
          throw about(ref.name, error)
        })
      }
      await store.build(target)
    } catch (error) {
      if (isAppError(error, 'storage-full') || isAppError((error as Error).cause, 'storage-full'))
        await freeSpace({ paths, store, desired })
      throw error
    }
    const components = await store.open(target)
    const changed = onlyIn(target, origin)
    for (const component of components) {
      await copyConfiguration(paths, component)
      const path = await links.conflict(component)
      if (path !== undefined) throw taken(component.ref.name, path, 'requirement-unmet')
      if (changed.includes(component.ref)) await refuseForbidden(services, component)
    }
    return 'staged'
  }
}

async function refuseForbidden(services: Services, { ref, config }: Installed): Promise<void> {
  for (const service of config.services)
    if (await services.isForbidden(service))
      throw new StepFailure(
        'requirement-unmet',
        `${ref.name} runs the service ${service}, but rc.conf says that it must not run; set ${service}_enable to YES, or remove it`,
        { component: ref.name },
      )
}

/** Puts the configuration files of a release where they are expected, unless there is one already: that one is the administrator's. */
async function copyConfiguration(paths: AgentPaths, { ref, config }: Installed): Promise<void> {
  for (const path of config.configuration) {
    const place = paths.configurationFile(path)
    if ((await sizeIfThere(place)) !== undefined) continue
    const text = await readTextIfThere(join(paths.release(ref), path))
    if (text === undefined)
      throw new AppError('release-invalid', `${ref.name} names the configuration file ${path}, but does not bring it`)
    await makeFolder(paths.configuration)
    await replaceFile(place, text)
  }
}
