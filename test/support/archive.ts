import { writeFile } from 'node:fs/promises'
import { zstdCompressSync } from 'node:zlib'
import { Header, type HeaderData } from 'tar'

export type ArchiveEntry = HeaderData & { content?: string | Buffer }

/** A plain tar of just these entries, however strange; sizes are those of the contents unless told. */
export function tarOf(entries: ArchiveEntry[], { end = Buffer.alloc(1024) } = {}): Buffer {
  const blocks = entries.flatMap(({ content = '', ...data }) => {
    const bytes = Buffer.from(content)
    const header = new Header({ type: 'File', mode: 0o644, size: bytes.length, mtime: new Date(0), ...data })
    header.encode()
    return [header.block as Buffer, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, end])
}

/** Writes a bundle as nobody honest would. */
export async function writeArchive(file: string, tar: Buffer): Promise<void> {
  await writeFile(file, zstdCompressSync(tar))
}
