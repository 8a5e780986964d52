import semver from 'semver'
import type { ComponentConfig } from '../contract/component.ts'
import { type HostPlatform, platformText, runsOn } from '../contract/platform.ts'
import type { ReleaseRef, ReleaseSet } from '../contract/release-set.ts'
import { StepFailure } from './failure.ts'
import { releaseOf } from './set-difference.ts'

/**
 * Whether a release may run on this host together with the rest of its set. Pure; asked before a byte of its bundle is downloaded.
 * @throws StepFailure release-invalid | platform-mismatch | requirement-unmet
 */
export function checkRelease(config: ComponentConfig, ref: ReleaseRef, set: ReleaseSet, host: HostPlatform): void {
  const component = ref.name
  const text = `${ref.name}@${ref.version}`
  if (config.name !== ref.name || config.version !== ref.version)
    throw new StepFailure('release-invalid', `${text} says that it is ${config.name}@${config.version}`, { component })
  if (!runsOn(config.platform, host))
    throw new StepFailure(
      'platform-mismatch',
      `${text} is for ${platformText(config.platform)}, but this host is ${platformText(host)}`,
      { component },
    )
  for (const [name, range] of Object.entries(config.requires)) {
    const found = releaseOf(set, name)?.version
    if (found === undefined)
      throw new StepFailure('requirement-unmet', `${text} needs ${name} ${range}, but the set has no ${name}`, {
        component,
      })
    // A release candidate counts as what it is a candidate for; else nobody could try one.
    if (!semver.satisfies(found, range, { includePrerelease: true }))
      throw new StepFailure('requirement-unmet', `${text} needs ${name} ${range}, but the set has ${name}@${found}`, {
        component,
      })
  }
}
