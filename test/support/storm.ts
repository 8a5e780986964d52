import { randomBytes } from 'node:crypto'
import { sha256 } from '../../src/platform/digest.ts'
import type { Http } from '../../src/platform/http.ts'
import { ask, imageManifest, putManifest } from './oci.ts'

export const stormClients = 16
/** So few that the clients push again what others have deleted and the collection removes. */
const layers: Buffer<ArrayBuffer>[] = Array.from({ length: 60 }, () => randomBytes(2000))
/** Pushes that take too long are made again, but not for ever. */
const maxTries = 10

export interface StormPush {
  repository: string
  digest: string
  manifest: Buffer
  layer: Buffer
}

export interface StormRound {
  /** What was pushed, answered with 201, and not deleted again. */
  kept?: StormPush
  /** What should not have happened. */
  wrong: string[]
}

/**
 * One turn of one of many clients: pushes an image of some layers, pulls it again, and mostly deletes it. What a client pushed stays for the grace time of the
 * collection: when its manifest took longer than `withinMs`, it begins anew.
 */
export async function stormRound(http: Http, client: number, round: number, withinMs: number): Promise<StormRound> {
  const wrong: string[] = []
  const repository = `r${(client + round) % 3}`
  const tag = `t${client}`
  const layer = layers[(client * 5 + round * 7) % layers.length] as Buffer<ArrayBuffer>
  const note = (what: string, status: number, ...fine: number[]) => {
    if (!fine.includes(status)) wrong.push(`${what} ${repository} ${tag}: ${status}`)
  }
  for (let attempt = 1; attempt <= maxTries; attempt++) {
    const since = performance.now()
    const annotations = { tag, round: String(round) }
    const { bytes: manifest, digest } = await imageManifest(http, repository, { annotations }, [layer])
    const { status } = await putManifest(http, repository, tag, manifest)
    note('put', status, 201)
    if (performance.now() - since > withinMs) continue
    const pulled = await ask(http, 'GET', `/v2/${repository}/blobs/${sha256(layer)}`)
    if (pulled.status !== 200 || !pulled.body.equals(layer)) wrong.push(`lost ${repository} ${tag}: ${pulled.status}`)
    if (round % 6 === 0) return { wrong, kept: { repository, digest, manifest, layer } }
    note('delete', (await ask(http, 'DELETE', `/v2/${repository}/manifests/${digest}`)).status, 202, 404)
    return { wrong }
  }
  return { wrong: [...wrong, `${maxTries} pushes to ${repository} took longer than ${withinMs} ms`] }
}
