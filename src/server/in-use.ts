import type { DesiredInstance } from '../contract/instance.ts'
import type { PinnedImage } from '../contract/plan.ts'
import type { ReleaseSet } from '../contract/release-set.ts'
import type { HostReport } from '../contract/report.ts'
import type { Db } from '../database/open.ts'
import type { JoinTokenAgent } from '../fleet/join-tokens.ts'
import type { Uses } from '../registry/retention/facts.ts'

/** A release that somebody needs: by its version, and by the digest of the manifest for a platform where that is known. */
interface UsedRelease {
  name: string
  version: string
  digest?: string
}

const components = 'components/'
const images = 'images/'

/** So many documents are read at once. */
const pageSize = 100

/** What is used of a repository, which goes by no rule. Only what lies in these can be used by a channel, a host or a stack. */
export async function readUses(db: Db, repository: string): Promise<Uses> {
  const used: UsedRelease[] = []
  if (repository.startsWith(components)) used.push(...(await usedComponents(db)))
  if (repository.startsWith(images)) used.push(...(await usedImages(db)))
  const name = repository.slice(repository.indexOf('/') + 1)
  const mine = used.filter((release) => release.name === name)
  return {
    versions: new Set(mine.map(({ version }) => version)),
    manifests: new Set(mine.flatMap(({ digest }) => digest ?? [])),
  }
}

/** What channels point to, hosts begin with, are told, run, and would go back to. */
async function usedComponents(db: Db): Promise<UsedRelease[]> {
  const pointers = await db.selectFrom('channel_pointers').select(['component as name', 'version']).execute()
  const tokens = await db.selectFrom('join_tokens').select('agent').execute()
  const agents = tokens.map(({ agent }) => (JSON.parse(agent) as JoinTokenAgent).release)
  const used: UsedRelease[] = [...pointers, ...agents]
  for await (const { releases } of hostsWithReleases(db)) used.push(...releases)
  return used
}

/** What channels point to, instances are made of, and the newest revision of each stack names. */
async function usedImages(db: Db): Promise<UsedRelease[]> {
  const pointers = await db.selectFrom('image_pointers').select(['image as name', 'version']).execute()
  const revisions = await db
    .selectFrom('stacks')
    .innerJoin('stack_revisions', (join) =>
      join.onRef('stack_revisions.stack', '=', 'stacks.name').onRef('stack_revisions.revision', '=', 'stacks.revision'),
    )
    .select('images')
    .execute()
  const pinned = revisions.flatMap(({ images }) => JSON.parse(images) as PinnedImage[])
  return [...pointers, ...pinned, ...(await instanceImages(db)).map(({ image }) => image)]
}

async function instanceImages(db: Db): Promise<{ host: string; image: UsedRelease }[]> {
  const rows = await db.selectFrom('instances').select(['host', 'document']).execute()
  return rows.flatMap(({ host, document }) => {
    const { source } = (JSON.parse(document) as DesiredInstance).root
    return 'image' in source ? [{ host, image: source.image }] : []
  })
}

/** Every host with the releases of components that it is told, runs, or would go back to. */
async function* hostsWithReleases(db: Db): AsyncGenerator<{ id: string; name: string; releases: UsedRelease[] }> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: { id: string; name: string; release_set: string | null; report: string | null }[] = await db
      .selectFrom('hosts')
      .select(['id', 'name', 'release_set', 'report'])
      .where('name', '>', after)
      .orderBy('name')
      .limit(pageSize)
      .execute()
    for (const { id, name, release_set, report } of page) {
      const desired: ReleaseSet | null = release_set === null ? null : JSON.parse(release_set)
      const { current, previous }: Partial<HostReport> = report === null ? {} : JSON.parse(report)
      yield { id, name, releases: [desired, current, previous].flatMap((set) => set?.components ?? []) }
    }
    after = page.at(-1)?.name
  }
}

/** The digests of the manifests that each host needs, for components and for its instances, by its name. */
export async function manifestsOfHosts(db: Db): Promise<Map<string, Set<string>>> {
  const instances = Map.groupBy(await instanceImages(db), ({ host }) => host)
  const hosts = new Map<string, Set<string>>()
  for await (const { id, name, releases } of hostsWithReleases(db)) {
    const used = [...releases, ...(instances.get(id) ?? []).map(({ image }) => image)]
    hosts.set(name, new Set(used.flatMap(({ digest }) => digest ?? [])))
  }
  return hosts
}
