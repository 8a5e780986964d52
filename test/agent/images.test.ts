import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { imagesIn, openImageFetcher } from '../../src/agent/images.ts'
import { openNotice } from '../../src/agent/notice.ts'
import { agentPaths } from '../../src/agent/paths.ts'
import { cacheFolder, cachePath } from '../../src/artifact/cache.ts'
import type { DesiredDocument } from '../../src/contract/desired.ts'
import type { ImageRef } from '../../src/contract/instance.ts'
import { mediaTypes } from '../../src/contract/oci.ts'
import type { ImageReport } from '../../src/contract/report.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { listFolder } from '../../src/platform/files.ts'
import { openLog } from '../../src/platform/log.ts'
import { serveHttp } from '../support/http-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const layer = Buffer.alloc(100_000, 'disk')
const layerDigest = sha256(layer)
const manifestOf = (digest: string) =>
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      artifactType: mediaTypes.image,
      config: { mediaType: mediaTypes.imageConfig, digest: sha256('{}'), size: 2 },
      layers: [{ mediaType: mediaTypes.disk, digest, size: layer.length }],
    }),
  )
const imageOf = (manifest: Buffer): ImageRef => ({
  name: 'freebsd',
  version: '14.3.0',
  digest: sha256(manifest),
  layer: { digest: layerDigest, sizeBytes: layer.length },
  virtualSizeBytes: 1_000_000,
})

/** A host that desires an instance of the image, and a registry with its bytes. */
async function openHost(manifestAt: (path: string) => Buffer = () => manifestOf(layerDigest)) {
  const requests: string[] = []
  const { http } = await serveHttp((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (request.url?.includes('/manifests/')) response.writeHead(200).end(manifestAt(request.url))
    else response.writeHead(200).end(layer)
  })
  const paths = agentPaths(await temporaryFolder())
  await mkdir(paths.desiredFolder, { recursive: true })
  await mkdir(cacheFolder(paths.cache), { recursive: true })
  await writeFile(paths.desiredInstances, '{}')
  await utimes(paths.desiredInstances, 0, 0)
  const document = {
    instances: [{ wanted: 'running', root: { source: { image: imageOf(manifestAt('')) } } }],
  } as unknown as DesiredDocument

  const stopping = new AbortController()
  const changes = openNotice(systemClock)
  const changed = openNotice(systemClock)
  let reports: ImageReport[] = []
  let stored: ReadonlySet<string> | undefined = new Set<string>()
  let asked = 0
  const fetcher = openImageFetcher({
    paths,
    http,
    desired: { current: () => document },
    changes,
    async stored() {
      asked += 1
      changed.give()
      return stored
    },
    retryMs: 0,
    log: openLog('test', 'silent'),
    onChange() {
      reports = fetcher.reports()
      changed.give()
    },
    onDownloaded: () => {},
  })
  const until = async (is: () => boolean | Promise<boolean>) => {
    while (!(await is())) await changed.wait(AbortSignal.timeout(20_000), 20)
  }
  onTestFinished(() => stopping.abort(new Error('the test ends')))
  return {
    paths,
    requests,
    document,
    until,
    reports: () => reports,
    asked: () => asked,
    cached: () => listFolder(cacheFolder(paths.cache)),
    run: () => void fetcher.run(stopping.signal),
    compute(digests: ReadonlySet<string> | undefined) {
      stored = digests
      changes.give()
    },
  }
}

test('the image of an instance comes into the cache, and compute is told to look', async () => {
  const host = await openHost()
  host.run()
  await host.until(async () => (await stat(host.paths.desiredInstances)).mtimeMs > 0)
  expect(await readFile(cachePath(host.paths.cache, layerDigest))).toEqual(layer)
  expect(await host.cached()).toHaveLength(1)
  expect(host.reports()).toEqual([])
})

test('what compute has stored is not fetched, and its compressed bytes go', async () => {
  const host = await openHost()
  await writeFile(cachePath(host.paths.cache, layerDigest), layer)
  host.compute(new Set([layerDigest]))
  host.run()
  await host.until(async () => (await host.cached()).length === 0)
  expect(host.requests).toEqual([])
})

test('while compute does not answer nothing is fetched, since it may have everything', async () => {
  const host = await openHost()
  host.compute(undefined)
  host.run()
  await host.until(() => host.asked() > 0)
  expect(host.requests).toEqual([])
  host.compute(new Set())
  await host.until(async () => (await host.cached()).length === 1)
})

test('a manifest that names another disk than the desired one is refused, and the report says so', async () => {
  const host = await openHost(() => manifestOf(sha256('another disk')))
  host.run()
  await host.until(() => host.reports()[0]?.problem !== undefined)
  expect(host.reports()[0]).toMatchObject({ name: 'freebsd', version: '14.3.0', doneBytes: 0 })
  expect(host.reports()[0]?.problem).toContain(`but ${layerDigest} is desired`)
  expect(await host.cached()).not.toContain(layerDigest.slice(7))
})

test('an image that does not come holds up no other', async () => {
  const good = manifestOf(layerDigest)
  const bad = manifestOf(sha256('another disk'))
  const host = await openHost((path) => (path.includes(sha256(bad)) ? bad : good))
  const broken = { ...imageOf(bad), layer: { digest: sha256('broken'), sizeBytes: 1 } }
  host.document.instances.unshift({ wanted: 'running', root: { source: { image: broken } } })
  host.run()
  await host.until(async () => (await host.cached()).includes(layerDigest.slice(7)))
  expect(host.reports()).toMatchObject([{ digest: broken.layer.digest }])
})

test('an image is named once, and not by an instance that is to be removed', () => {
  const row = (wanted: string) => ({ wanted, root: { source: { image: imageOf(manifestOf(layerDigest)) } } })
  const document = (...instances: unknown[]) => ({ instances }) as unknown as DesiredDocument
  expect(imagesIn(document(row('running'), row('stopped')))).toHaveLength(1)
  expect(imagesIn(document(row('absent'), { name: 'of a later form' }))).toEqual([])
  expect(imagesIn(undefined)).toEqual([])
})
