import { releaseFileName } from '../contract/release-file.ts'

const maxDepth = 32
const maxPathBytes = 1000
const maxPartBytes = 255

/**
 * The names in a bundle: one place decides what packing and unpacking take. Two names that some file system takes for one
 * (they differ in case or in Unicode form only) are refused, so that a bundle unpacks to the same tree everywhere.
 */
export class EntryNames {
  /** By the form in which names are compared: the name as it was spelt, and what it is. */
  readonly #seen = new Map<string, { name: string; kind: 'file' | 'folder'; listed: boolean }>()

  /** Why this entry is refused; undefined when it is fine, and then it counts. */
  refusal(path: string, kind: 'file' | 'folder'): string | undefined {
    const bad = badPath(path)
    if (bad !== undefined) return bad
    const parts = path.split('/')
    for (let depth = 1; depth <= parts.length; depth++) {
      const name = parts.slice(0, depth).join('/')
      const key = name.normalize('NFC').toLowerCase()
      const isEntry = depth === parts.length
      const other = this.#seen.get(key)
      if (other && other.name !== name) return `differs from ${JSON.stringify(other.name)} in case or Unicode form only`
      if (other && isEntry && (other.listed || kind === 'file')) return 'is there twice'
      if (other?.kind === 'file') return `lies below ${JSON.stringify(name)}, which is a file`
      const isFile = isEntry && kind === 'file'
      this.#seen.set(key, { name, kind: isFile ? 'file' : 'folder', listed: isEntry || other?.listed === true })
    }
    return undefined
  }
}

function badPath(path: string): string | undefined {
  if (path.startsWith('/')) return 'is an absolute path'
  const parts = path.split('/')
  if (parts.includes('..')) return 'leads out of its folder with ".."'
  if (parts.some((part) => part === '' || part === '.')) return 'has an empty part or a "." in its path'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  if (/[\u0000-\u001f\u007f\\\ufffd]/.test(path)) return 'has a control character, a backslash or bad UTF-8 in its name'
  if (parts.length > maxDepth) return `lies deeper than ${maxDepth} folders`
  if (Buffer.byteLength(path) > maxPathBytes) return `has a path longer than ${maxPathBytes} bytes`
  if (parts.some((part) => Buffer.byteLength(part) > maxPartBytes))
    return `has a name longer than ${maxPartBytes} bytes`
  if (path === releaseFileName) return 'has the name of the file that unpacking a release makes'
  return undefined
}
