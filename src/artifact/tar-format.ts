import { Header, type HeaderData, Pax } from 'tar'
import { AppError } from '../contract/errors.ts'
import { ByteReader } from '../platform/byte-reader.ts'

/**
 * Reading and writing the plain tar inside of a bundle, entry by entry.
 *
 * Decision: the headers are those of the `tar` package; the loop around them is ours.
 * Why: what is written must depend on content alone, and what is read must be wholly understood: its `create` fixes neither all
 * modes nor survives hard links, its `extract` passes over what it does not like and over anything behind the end.
 * Not: `create` and `extract` with filters.
 */
export interface TarEntry {
  path: string
  kind: 'file' | 'folder'
  executable: boolean
  size: number
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

const blockBytes = 512
/** Extended headers hold names; ours are at most 1,000 bytes long. */
const maxExtendedBytes = 16 * 1024

/** The most bytes that an archive can have of which the files have `bytes` in `entries` entries, padding and headers included. */
export function tarBytes(bytes: number, entries: number): number {
  return bytes + (entries + 2) * (5 * blockBytes + maxExtendedBytes)
}

/** Writes entries in the order given; owners and times are always the same. A folder has no content. */
export async function* writeTar(entries: AsyncIterable<TarEntry> | Iterable<TarEntry>): AsyncGenerator<Uint8Array> {
  for await (const { path, kind, executable, size, content } of entries) {
    const header = new Header({
      path: kind === 'folder' ? `${path}/` : path,
      type: kind === 'folder' ? 'Directory' : 'File',
      mode: kind === 'folder' || executable ? 0o755 : 0o644,
      size,
      uid: 0,
      gid: 0,
      mtime: new Date(0),
    })
    // Names that are long or not ASCII, and sizes from 8 GiB on, stand in an extended header before the plain one.
    if (header.encode()) yield new Pax({ ...(header.path ? { path: header.path } : {}), size }).encode()
    yield header.block as Buffer
    yield* content
    yield Buffer.alloc(padding(size))
  }
  yield Buffer.alloc(2 * blockBytes)
}

/**
 * Reads an archive entry by entry. The content of each must be read to its end before the next one is asked for.
 * @throws AppError bundle-refused at the first thing that is not a plain file or folder, or not as it should be
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(source, () => new AppError('bundle-refused', 'the tar archive ends in the middle'))
  let extended: HeaderData | undefined
  try {
    for (;;) {
      const header = new Header(await reader.take(blockBytes), 0, extended)
      if (header.nullBlock) return await readEnd(reader)
      if (!header.cksumValid) throw new AppError('bundle-refused', 'the tar archive is damaged: a checksum is wrong')
      const { type, size = 0 } = header
      if (type === 'ExtendedHeader' || type === 'NextFileHasLongPath') {
        extended = { ...extended, ...(await readExtended(reader, type, size)) }
        continue
      }
      // Header puts the prefix of the plain header even before a path that is whole.
      const entry = plainEntry(header, extended?.path ?? header.path ?? '', reader)
      extended = undefined
      // Archives of other tools begin with the top folder itself.
      if (entry.kind === 'file' || (entry.path !== '' && entry.path !== '.')) yield entry
      await reader.skip(padding(size))
    }
  } finally {
    await reader.close()
  }
}

async function readExtended(reader: ByteReader, type: string, size: number): Promise<HeaderData> {
  if (size > maxExtendedBytes)
    throw new AppError('bundle-refused', `the tar archive has a header of ${size} bytes; ${maxExtendedBytes} are taken`)
  const text = (await reader.take(size)).toString('utf8')
  await reader.skip(padding(size))
  return type === 'ExtendedHeader' ? Pax.parse(text) : { path: text.replace(/\0.*$/s, '') }
}

function plainEntry({ mode = 0, size, type }: Header, path: string, reader: ByteReader): TarEntry {
  const refuse = (reason: string) => new AppError('bundle-refused', `the entry ${JSON.stringify(path)} ${reason}`)
  const kind = kinds[type]
  if (!kind) throw refuse(`is of the type ${type}; a bundle holds plain files and folders only`)
  if (size === undefined || !Number.isSafeInteger(size)) throw refuse('has no valid size')
  if (mode & 0o7000) throw refuse(`has set-id or sticky bits (mode ${mode.toString(8)})`)
  return {
    path: path.replace(/^(\.\/)+/, '').replace(/\/$/, ''),
    kind,
    executable: kind === 'file' && (mode & 0o111) !== 0,
    size,
    content: reader.pieces(size),
  }
}

const kinds: Partial<Record<Header['type'], TarEntry['kind']>> = { File: 'file', OldFile: 'file', Directory: 'folder' }

/** After the first empty block there are only zeros: the second one, and what fills up a record. */
async function readEnd(reader: ByteReader): Promise<void> {
  checkEmpty(await reader.take(blockBytes))
  for await (const piece of reader.rest()) checkEmpty(piece)
}

function checkEmpty(piece: Buffer): void {
  if (piece.some((byte) => byte !== 0))
    throw new AppError('bundle-refused', 'something follows the end of the tar archive')
}

function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes
}
