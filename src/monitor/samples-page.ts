import { promisify } from 'node:util'
import { constants, gunzip as gunzipCallback, gzip as gzipCallback } from 'node:zlib'
import type { Answer, RouteRequest } from '../platform/serve.ts'
import { exposition, type MetricFamily } from './samples.ts'

const gzip = promisify(gzipCallback)
const gunzip = promisify(gunzipCallback)

/** Whole families of metrics, ready for sending: their text is made once, when the sample is taken. */
export interface SamplesPage {
  /** The names of the families, each of which is wholly in here. */
  families: readonly string[]
  /** Their text in the Prometheus text format 0.0.4, as one or more members of gzip (RFC 1952, section 2.2): pages that are put behind each other are one. */
  gzip: Uint8Array
}

/** Names the families of a page that has whole families and nothing but lines that Prometheus reads, so that nobody has to look. */
export const familiesHeader = 'slipway-families'

export const pageType = 'text/plain; version=0.0.4; charset=utf-8'

/** @throws Error when a name is none that Prometheus takes, or stands there twice */
export async function makePage(families: readonly MetricFamily[]): Promise<SamplesPage> {
  const names = families.filter(({ rows }) => rows.length > 0).map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new Error(`the family ${twice} is there twice`)
  return { families: names, gzip: await compress(exposition(families)) }
}

/** Fast rather than small: the text repeats itself so much that the highest level saves a third at ten times the work. */
export function compress(text: string): Promise<Uint8Array> {
  return gzip(text, { level: constants.Z_BEST_SPEED })
}

/** The text of a page. @throws Error when it is longer than `maxBytes`, or no gzip */
export async function pageText(page: Uint8Array, maxBytes: number): Promise<string> {
  return (await gunzip(page, { maxOutputLength: maxBytes })).toString()
}

/** The pages as one, compressed when the caller takes that. No two of them have a family in common. */
export async function answerPages(pages: readonly SamplesPage[], { headers }: RouteRequest): Promise<Answer> {
  const body = Buffer.concat(pages.map((page) => page.gzip))
  const families = pages.flatMap((page) => page.families)
  const named = { [familiesHeader]: families.join(','), vary: 'accept-encoding' }
  if (takesGzip(headers['accept-encoding']))
    return { contentType: pageType, headers: { ...named, 'content-encoding': 'gzip' }, body }
  return { contentType: pageType, headers: named, body: await gunzip(body) }
}

/** RFC 9110, section 12.5.3, as far as scrapers use it: a coding with q=0 is refused. */
function takesGzip(accepted = ''): boolean {
  return accepted
    .split(',')
    .map((coding) => coding.trim().toLowerCase().replaceAll(' ', ''))
    .some((coding) => /^(gzip|x-gzip|\*)(;|$)/.test(coding) && !/;q=0(\.0*)?$/.test(coding))
}
