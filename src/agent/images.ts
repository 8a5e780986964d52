import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { cachePath } from '../artifact/cache.ts'
import { isCached } from '../artifact/fill-cache.ts'
import { pullImage } from '../artifact/pull-image.ts'
import type { DesiredDocument } from '../contract/desired.ts'
import { ImageRef } from '../contract/instance.ts'
import type { ImageReport } from '../contract/report.ts'
import { backoffMs } from '../platform/clock.ts'
import { remove, touch } from '../platform/files.ts'
import type { Http } from '../platform/http.ts'
import type { Log } from '../platform/log.ts'
import type { DesiredState } from './desired-state.ts'
import type { Notice } from './notice.ts'
import type { AgentPaths } from './paths.ts'

/*
 * Decision: images are fetched beside the update machine and beside the daemons' files, not before them.
 * Why: an image may take an hour, and nothing else of the document (a stop, a small change, an update) may wait for it. Compute finds an
 *   image by its digest or does not find it, and says which instance waits for which.
 * Not: one document, wholly prepared, then handed on. That is right for releases, which are small and belong together.
 */

/** What of an instance's row the agent reads; the rest is compute's. */
const NamesImage = Type.Object({ root: Type.Object({ source: Type.Object({ image: ImageRef }) }) })

/** The images that a document names, each once. An instance that is to be removed needs none. */
export function imagesIn(document: DesiredDocument | undefined): ImageRef[] {
  const found = (document?.instances ?? [])
    .filter((row): row is Static<typeof NamesImage> => Value.Check(NamesImage, row))
    .filter((row) => (row as { wanted?: unknown }).wanted !== 'absent')
    .map(({ root }) => root.source.image)
  return [...new Map(found.map((image) => [image.layer.digest, image])).values()]
}

/** The files of the cache that these images need, those that are on their way too. */
export function imageDigests(images: readonly ImageRef[]): string[] {
  return images.flatMap(({ digest, layer }) => [digest, layer.digest])
}

export interface ImageFetcher {
  /** How far each image is that is not ready yet. */
  reports(): ImageReport[]
  /** Fetches what is desired, for ever; one image at a time. Ends by the signal only. */
  run(signal: AbortSignal): Promise<void>
}

export interface ImageFetcherOptions {
  paths: Pick<AgentPaths, 'cache' | 'desiredInstances'>
  http: Http
  desired: Pick<DesiredState, 'current'>
  /** Given when the document changed. */
  changes: Notice
  /** The layers that compute has stored away; undefined while it does not answer, and then nothing is known. */
  stored(): Promise<ReadonlySet<string> | undefined>
  retryMs: number
  log: Log
  onChange(): void
  onDownloaded(bytes: number): void
}

const lookAgainMs = 10_000
const reportEveryBytes = 64 * 1024 * 1024
/** As many as a report takes. */
const maxReports = 256

export function openImageFetcher(options: ImageFetcherOptions): ImageFetcher {
  const { paths, http, desired, changes, log, onChange } = options
  let reports: ImageReport[] = []
  let failures = 0

  function note(image: ImageRef, what: Partial<ImageReport>): void {
    const { name, version, layer } = image
    const before = reports.find((it) => it.digest === layer.digest)
    const report = { name, version, digest: layer.digest, sizeBytes: layer.sizeBytes, doneBytes: 0, ...before, ...what }
    reports = [...reports.filter((it) => it !== before), report]
  }

  async function fetch(image: ImageRef, signal: AbortSignal): Promise<void> {
    let done = 0
    let told = 0
    note(image, {})
    onChange()
    await pullImage({
      http,
      image,
      cache: paths.cache,
      signal,
      client: { retryMs: options.retryMs },
      onProgress(doneBytes) {
        // What an earlier agent left was downloaded then.
        if (done > 0 && doneBytes > done) options.onDownloaded(doneBytes - done)
        done = Math.max(done, doneBytes)
        note(image, { doneBytes: done })
        if (done - told < reportEveryBytes) return
        told = done
        onChange()
      },
    })
    log.info({ image: image.name, version: image.version, digest: image.layer.digest }, 'image fetched')
  }

  /** Answers when to look again. An image that does not come is no reason not to fetch the others. */
  async function look(signal: AbortSignal): Promise<number> {
    const stored = await options.stored()
    if (!stored) return lookAgainMs
    const wanted = imagesIn(desired.current())
    reports = reports.filter(({ digest }) => wanted.some(({ layer }) => layer.digest === digest) && !stored.has(digest))
    let isComplete = true
    for (const image of wanted) {
      const { digest } = image.layer
      // Compute has its own copy; the compressed bytes are of no more use.
      if (stored.has(digest)) await remove(cachePath(paths.cache, digest))
      else if (!(await isCached(paths.cache, digest)) && !(await bring(image, signal))) isComplete = false
    }
    failures = isComplete ? 0 : failures + 1
    return isComplete ? lookAgainMs : backoffMs(failures)
  }

  /** Answers whether the image is there now. */
  async function bring(image: ImageRef, signal: AbortSignal): Promise<boolean> {
    try {
      await fetch(image, signal)
    } catch (error) {
      if (signal.aborted) throw error
      note(image, { problem: (error as Error).message.slice(0, 500) })
      onChange()
      log.warn({ err: error, image: image.name, version: image.version }, 'an image cannot be fetched')
      return false
    }
    reports = reports.filter(({ digest }) => digest !== image.layer.digest)
    onChange()
    // Compute looks again at every change of that file.
    await touch(paths.desiredInstances)
    return true
  }

  return {
    reports: () => reports.slice(0, maxReports),
    async run(signal) {
      while (!signal.aborted) {
        try {
          const since = changes.count()
          await changes.wait(signal, await look(signal), since)
        } catch (error) {
          if (signal.aborted) return
          throw error
        }
      }
    },
  }
}
