import type { Db } from '../../database/open.ts'
import { isPostgres } from '../../database/postgres-dialect.ts'
import { held } from '../../database/transact.ts'
import type { ManifestFacts, RepositoryFacts, TagFacts } from './facts.ts'
import type { Start } from './plan.ts'
import { tiesOf } from './web.ts'

/** So many rows are read at once. */
const pageSize = 500

/** All manifests and tags of a repository, read a page at a time: what changes meanwhile is seen or not. `pace` runs each of the pages. */
export async function readFacts(
  db: Db,
  repository: string,
  pace: <T>(read: () => Promise<T>) => Promise<T>,
): Promise<RepositoryFacts> {
  const manifests = new Map<string, ManifestFacts>()
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: ManifestFacts[] = await pace(() => readManifests(db, repository, { after: after as string }))
    for (const manifest of page) manifests.set(manifest.digest, manifest)
    after = page.at(-1)?.digest
  }
  const tags: TagFacts[] = []
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: TagFacts[] = await pace(() =>
      selectTags(db, repository)
        .where('name', '>', after as string)
        .orderBy('name')
        .limit(pageSize)
        .execute(),
    )
    tags.push(...page)
    after = page.at(-1)?.name
  }
  // A tag that came after the manifests were read is another time's.
  return { repository, manifests, tags: tags.filter(({ manifest }) => manifests.has(manifest)) }
}

/**
 * As readBelow, for a transaction that removes: nobody removes or moves any of it meanwhile, and who begins to name or use it comes first, and is seen, or
 * later, and finds it gone.
 *
 * Decision: such a transaction is not serializable, and locks what it may remove before it reads who needs that; those who begin to need something lock
 * it too (`kept`). Why: it reads what every push writes beside it, so that PostgreSQL undid it, or the pushes, over and over. Not: serializable with
 * fewer tags at a time, which under a steady load of pushes still failed.
 */
export async function holdBelow(trx: Db, repository: string, start: Start): ReturnType<typeof readBelow> {
  const names = start.tags.map(({ name }) => name)
  await inPages(names, (some) => held(trx, selectTags(trx, repository).where('name', 'in', some).orderBy('name')))
  const locked = new Set<string>()
  for (;;) {
    const below = await readBelow(trx, repository, start)
    const fresh = [...below.facts.manifests.keys()].filter((digest) => !locked.has(digest)).sort()
    // Only PostgreSQL lets others in between, and so has to look again.
    if (fresh.length === 0 || !isPostgres(trx)) return below
    await inPages(fresh, (some) =>
      held(trx, selectDigests(trx, repository).where('digest', 'in', some).orderBy('digest')),
    )
    for (const digest of fresh) locked.add(digest)
  }
}

/**
 * What a removal has to know, as it is now: the manifests of a start and all below them, with their tags, and which of them something else in the
 * repository holds.
 */
async function readBelow(
  trx: Db,
  repository: string,
  start: Start,
): Promise<{ facts: RepositoryFacts; heldOutside: string[] }> {
  const manifests = new Map<string, ManifestFacts>()
  const tags = new Map<string, TagFacts>()
  const from = [...start.tags.map(({ manifest }) => manifest), ...start.untagged.map(({ digest }) => digest)]
  for (let next = new Set(from); next.size > 0; ) {
    const found = await inPages([...next], (digests) => readManifests(trx, repository, { digests }))
    const digests = found.map(({ digest }) => digest)
    for (const manifest of found) manifests.set(manifest.digest, manifest)
    const referring = await inPages(digests, (some) =>
      selectDigests(trx, repository).where('subject', 'in', some).execute(),
    )
    const tied = await inPages(digests.flatMap(tiesOf), (names) =>
      selectTags(trx, repository).where('name', 'in', names).execute(),
    )
    const own = await inPages(digests, (some) => selectTags(trx, repository).where('manifest', 'in', some).execute())
    for (const tag of [...tied, ...own]) tags.set(tag.name, tag)
    const below = [
      ...found.flatMap(({ members }) => members),
      ...referring.map(({ digest }) => digest),
      ...tied.map(({ manifest }) => manifest),
    ]
    next = new Set(below.filter((digest) => !manifests.has(digest)))
  }
  const facts = { repository, manifests, tags: [...tags.values()] }
  return { facts, heldOutside: await heldFromOutside(trx, facts) }
}

/** Those of some manifests that an index or a subject holds which is not among them. */
async function heldFromOutside(trx: Db, { repository, manifests }: RepositoryFacts): Promise<string[]> {
  const naming = await inPages([...manifests.keys()], (digests) =>
    trx
      .selectFrom('manifest_references')
      .select(['manifest', 'digest'])
      .where('repository', '=', repository)
      .where('kind', '=', 'manifest')
      .where('digest', 'in', digests)
      .execute(),
  )
  const referring = [...manifests.values()].filter(({ subject }) => subject !== null && !manifests.has(subject))
  const subjects = await inPages([...new Set(referring.map(({ subject }) => subject as string))], (some) =>
    selectDigests(trx, repository).where('digest', 'in', some).execute(),
  )
  const present = new Set(subjects.map(({ digest }) => digest))
  return [
    ...naming.filter(({ manifest }) => !manifests.has(manifest)).map(({ digest }) => digest),
    ...referring.filter(({ subject }) => present.has(subject as string)).map(({ digest }) => digest),
  ]
}

function selectDigests(db: Db, repository: string) {
  return db.selectFrom('manifests').select('digest').where('repository', '=', repository)
}

function selectTags(db: Db, repository: string) {
  return db
    .selectFrom('tags')
    .select(['name', 'manifest', 'updated_at as updatedAt'])
    .where('repository', '=', repository)
}

/** Some manifests, or those of the page after a digest, in their order. */
async function readManifests(
  db: Db,
  repository: string,
  of: { digests: readonly string[] } | { after: string },
): Promise<ManifestFacts[]> {
  const select = db
    .selectFrom('manifests')
    .select(['digest', 'subject', 'created_at as createdAt', 'pulled_at as pulledAt', 'used_at as usedAt'])
    .where('repository', '=', repository)
  const rows = await ('after' in of
    ? select.where('digest', '>', of.after).orderBy('digest').limit(pageSize)
    : select.where('digest', 'in', of.digests)
  ).execute()
  if (rows.length === 0) return []
  const named = await db
    .selectFrom('manifest_references')
    .select(['manifest', 'digest'])
    .where('repository', '=', repository)
    .where('kind', '=', 'manifest')
    .where(
      'manifest',
      'in',
      rows.map(({ digest }) => digest),
    )
    .execute()
  const members = Map.groupBy(named, ({ manifest }) => manifest)
  return rows.map((row) => ({ ...row, members: (members.get(row.digest) ?? []).map(({ digest }) => digest) }))
}

async function inPages<T, Row>(values: readonly T[], read: (some: T[]) => Promise<Row[]>): Promise<Row[]> {
  const rows: Row[] = []
  for (let at = 0; at < values.length; at += pageSize) rows.push(...(await read(values.slice(at, at + pageSize))))
  return rows
}
