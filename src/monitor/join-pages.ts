import { type Exposition, mergeExpositions } from './merge.ts'
import type { PageSource } from './page-source.ts'
import { compress, pageText, type SamplesPage } from './samples-page.ts'

/** One page of several programs, as pages that have no family in common. */
export interface Joined {
  pages: SamplesPage[]
  /** What was left out, one sentence for each source that something was left out of. */
  problems: string[]
}

/**
 * Puts the sources together: a page with families of its own stays as it is; texts, and pages that share a family with another source, are
 * merged line by line. Of two that say the same series, the first text wins.
 */
export async function joinPages(sources: readonly PageSource[]): Promise<Joined> {
  const texts = sources.filter((it) => 'text' in it)
  const whole = sources.filter((it) => 'page' in it)
  const merged = mergeExpositions(texts)
  const told = new Map(merged.families.map((name) => [name, 1]))
  for (const name of whole.flatMap(({ page }) => page.families)) told.set(name, (told.get(name) ?? 0) + 1)
  const shares = ({ page }: { page: SamplesPage }) => page.families.some((name) => (told.get(name) ?? 0) > 1)

  const apart = whole.filter((it) => !shares(it)).map(({ page }) => page)
  const { text, families, problems } =
    apart.length === whole.length ? merged : mergeExpositions([...texts, ...(await textsOf(whole.filter(shares)))])
  return { pages: [{ families, gzip: await compress([text]) }, ...apart], problems }
}

/** Their texts; how long they are was looked at when they were read. */
function textsOf(sources: readonly { source: string; page: SamplesPage }[]): Promise<Exposition[]> {
  return Promise.all(
    sources.map(async ({ source, page }) => ({
      source,
      text: await pageText(page.gzip, Number.POSITIVE_INFINITY),
    })),
  )
}
