import { isUtf8 } from 'node:buffer'
import { pageText, readFamilies, type SamplesPage, unpack } from './samples-page.ts'

/** What one program of a host has answered, as it came. */
export interface PageAnswer {
  source: string
  body: Uint8Array
  /** The value of `content-encoding`; absent for plain text. */
  encoding?: string | undefined
  /** The value of the header that names the families. */
  families?: string | undefined
}

/** A page that can be passed on as it is, or text whose lines have to be looked at. */
export type PageSource = { source: string } & ({ page: SamplesPage } | { text: string })

/**
 * Decision: a page that names its families is unpacked and thrown away again, and passed on as the bytes that it was. Why: one broken byte, or a
 * page without end, would cost whoever scrapes the pages of all the others, and to unpack costs a tenth of what reading and writing the lines does.
 * Not looked at: what stands in the lines. Who names the families has made the text by `exposition`, which refuses what Prometheus would not read.
 * A page that is not what it says is read like one that says nothing. More than `maxTextBytes` no host has to tell: what 10,000 rules of PF say is a
 * fifth of it.
 * @throws Error saying why nothing of the answer can be used
 */
export async function readSource(
  { source, body, encoding, families }: PageAnswer,
  { maxTextBytes = 64 * 1024 * 1024 } = {},
): Promise<PageSource> {
  if (encoding === undefined) return { source, text: Buffer.from(body).toString() }
  if (encoding !== 'gzip') throw new Error(`it is encoded as ${encoding.slice(0, 40)}, and only gzip was asked for`)
  const names = readFamilies(families)
  if (names && (await tellsFamilies(body, names, maxTextBytes)))
    return { source, page: { families: names, gzip: body } }
  return { source, text: await pageText(body, maxTextBytes) }
}

const typeLine = Buffer.from('# TYPE ')
const newline = 0x0a

/** Whether the text has these families, each once, and no other; and consists of whole lines of UTF-8. @throws Error when it is no gzip, or too long */
async function tellsFamilies(gzip: Uint8Array, families: readonly string[], maxTextBytes: number): Promise<boolean> {
  const missing = new Set(families)
  let rest: Uint8Array = Buffer.alloc(0)
  let isGood = missing.size === families.length
  const look = (lines: Buffer) => isUtf8(lines) && typedFamilies(lines).every((name) => missing.delete(name))
  for await (const piece of unpack(gzip, maxTextBytes)) {
    // The line that the piece before began, and then what is whole in this one. To the end, so that bytes that are no gzip are found.
    const first = piece.indexOf(newline) + 1
    const last = piece.lastIndexOf(newline) + 1
    const begun = Buffer.concat([rest, first === 0 ? piece : piece.subarray(0, first)])
    rest = first === 0 ? begun : piece.subarray(last)
    if (first > 0) isGood &&= look(begun) && look(piece.subarray(first, last))
  }
  return isGood && rest.length === 0 && missing.size === 0
}

function typedFamilies(lines: Buffer): string[] {
  const names: string[] = []
  for (let at = lines.indexOf(typeLine); at !== -1; at = lines.indexOf(typeLine, at + 1)) {
    if (at > 0 && lines[at - 1] !== newline) continue
    const from = at + typeLine.length
    names.push(lines.toString('latin1', from, lines.indexOf(' ', from)))
  }
  return names
}
