import { join } from 'node:path'
import { publishComponent } from '../artifact/publish.ts'
import { Channel, Promoted } from '../contract/channel.ts'
import { AppError, isAppError } from '../contract/errors.ts'
import { sizeIfThere } from '../platform/files.ts'
import type { Http } from '../platform/http.ts'
import { requestJson } from '../platform/json-http.ts'

export interface PublishTreeOptions {
  /** The folder that `npm run build` filled. */
  components: string
  temporaryFolder: string
  say(line: string): void
  signal: AbortSignal
}

const names = ['agent', 'compute', 'network', 'rc'] as const
const version = '1.0.0'

/**
 * Publishes the components of this tree as 1.0.0 and points `stable` to those that it does not point to yet. What an earlier run
 * published stays, and so does where the channel points to.
 */
export async function publishTree(http: Http, options: PublishTreeOptions): Promise<void> {
  const { components, temporaryFolder, say, signal } = options
  for (const name of names) {
    const folder = join(components, name)
    if ((await sizeIfThere(join(folder, 'component.json'))) === undefined)
      throw new AppError('not-found', `there is no component in ${folder}; run \`npm run build\` first`)
    try {
      const { digest } = await publishComponent({ http, folder, version, temporaryFolder, signal })
      say(`server: ${name}@${version} is published (${digest.slice(0, 19)}…)`)
    } catch (error) {
      if (!isAppError(error, 'TAG_IMMUTABLE')) throw error
      say(`server: ${name}@${version} stays as an earlier run published it, though this tree now builds another one`)
      say(`        (a version never changes: publish it under a new one, or start over with --fresh)`)
    }
  }

  const pointed = new Set((await findStable(http))?.pointers.map(({ component }) => component))
  const releases = names.filter((name) => !pointed.has(name)).map((component) => ({ component, version }))
  if (releases.length === 0) return
  await requestJson(http, Promoted, 'POST', '/api/v1/channels/stable/promotions', { body: { releases }, signal })
  say(`server: the channel "stable" points to ${releases.map(({ component }) => component).join(', ')} ${version}`)
}

async function findStable(http: Http): Promise<Channel | undefined> {
  try {
    return await requestJson(http, Channel, 'GET', '/api/v1/channels/stable')
  } catch (error) {
    if (isAppError(error, 'not-found')) return undefined
    throw error
  }
}
