import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type { Answer, RouteRequest } from '../platform/serve.ts'
import { expositionPieces, isFamilyName, type MetricFamily } from './samples.ts'

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

/** @throws Error when a name is none that Prometheus takes, or stands there twice; and what `families` throws */
export async function makePage(families: Iterable<MetricFamily>): Promise<SamplesPage> {
  const names: string[] = []
  return { gzip: await compress(expositionPieces(named(families, names))), families: names }
}

/** The families that have rows, one by one; their names are put into `names`. */
function* named(families: Iterable<MetricFamily>, names: string[]): Generator<MetricFamily, void, undefined> {
  for (const family of families) {
    if (family.rows.length === 0) continue
    if (names.includes(family.name)) throw new Error(`the family ${family.name} is there twice`)
    names.push(family.name)
    yield family
  }
}

/** A text, in pieces, as gzip: small enough. The highest level saves another thirtieth at twice the work, the lowest half of the work at an eighth more. */
export async function compress(pieces: Iterable<string>): Promise<Uint8Array> {
  const gzip = createGzip({ level: 4, chunkSize: pieceBytes })
  const [packed] = await Promise.all([gzip.toArray(), pipeline(Readable.from(pieces, { objectMode: false }), gzip)])
  return Buffer.concat(packed)
}

/** Larger than the default of 16 KiB: each piece is a turn through a thread. */
const pieceBytes = 256 * 1024

/** The bytes of a page's text, piece by piece. @throws Error when they are more than `maxBytes`, or `page` is not gzip to its last byte */
export async function* unpack(page: Uint8Array, maxBytes: number): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: pieceBytes })
  gunzip.end(page)
  let size = 0
  for await (const piece of gunzip as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > maxBytes) throw new Error(`it unpacks to more than ${maxBytes} bytes`)
    yield piece
  }
  // zlib takes zeros behind the last member for padding; the readers of others do not.
  if (gunzip.bytesWritten !== page.length)
    throw new Error(`${page.length - gunzip.bytesWritten} bytes behind its end are no gzip`)
}

async function unpackWhole(page: Uint8Array, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of unpack(page, maxBytes)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** The text of a page. @throws Error as `unpack` */
export async function pageText(page: Uint8Array, maxBytes: number): Promise<string> {
  return (await unpackWhole(page, maxBytes)).toString()
}

/** The names in the header that names families; undefined when it is not there, or what it says are no names. */
export function readFamilies(header: string | undefined): string[] | undefined {
  const names = header?.split(',')
  return names?.every(isFamilyName) ? names : undefined
}

/**
 * The pages as one, compressed when the caller takes that, with the names of their families for a program of this host that puts them together
 * with others. No two of them have a family in common.
 */
export async function answerPages(pages: readonly SamplesPage[], request: RouteRequest): Promise<Answer> {
  const answer = await answerScrape(pages, request)
  const families = pages.flatMap((page) => page.families)
  return { ...answer, headers: { ...answer.headers, [familiesHeader]: families.join(',') } }
}

/** As `answerPages`, without the names: scrapers have no use for them, and there may be kilobytes of them. */
export async function answerScrape(pages: readonly SamplesPage[], { headers }: RouteRequest): Promise<Answer> {
  const body = Buffer.concat(pages.map((page) => page.gzip))
  const coding = { vary: 'accept-encoding' }
  if (takesGzip(headers['accept-encoding']))
    return { contentType: pageType, headers: { ...coding, 'content-encoding': 'gzip' }, body }
  return { contentType: pageType, headers: coding, body: await unpackWhole(body, Number.POSITIVE_INFINITY) }
}

/** RFC 9110, section 12.5.3, as far as scrapers use it: a coding with q=0 is refused. */
function takesGzip(accepted = ''): boolean {
  return accepted
    .split(',')
    .map((coding) => coding.trim().toLowerCase().replaceAll(' ', ''))
    .some((coding) => /^(gzip|x-gzip|\*)(;|$)/.test(coding) && !/;q=0(\.0*)?$/.test(coding))
}
