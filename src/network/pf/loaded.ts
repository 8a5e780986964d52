import { type Static, Type } from 'typebox'
import { Timestamp } from '../../contract/names.ts'
import { parseJson } from '../../contract/parse.ts'
import { sha256 } from '../../platform/digest.ts'
import { makeFolder, readTextIfThere, remove, replaceFile } from '../../platform/files.ts'
import type { NetworkPaths } from '../paths.ts'

const LoadedAnchor = Type.Object({
  /** Digest of the rules as we wrote them. */
  rules: Type.String(),
  /** Digest of the rules as PF listed them right after: what it lists later is compared with that, because it does not list what was written. */
  listing: Type.String(),
  /** The translation rules as we wrote them. */
  translation: Type.Array(Type.String()),
  /** When it was given to PF, and for which generation; absent in files of before. */
  at: Type.Optional(Timestamp),
  generation: Type.Optional(Type.Integer({ minimum: 0 })),
})
export type LoadedAnchor = Static<typeof LoadedAnchor>

const LoadedRules = Type.Object({
  format: Type.Literal(1),
  /** By their names below our anchor. */
  anchors: Type.Record(Type.String(), LoadedAnchor),
})

/**
 * What PF was given, in the file rules.json. It is written after what it speaks of was loaded and read back, so that an anchor that it does not know
 * is loaded once more; a file that is lost costs no more than that.
 */
export interface LoadedFile {
  anchors(): ReadonlyMap<string, LoadedAnchor>
  /** @throws AppError storage-full: what is in memory counts, and the file is out of date */
  put(anchors: ReadonlyMap<string, LoadedAnchor>): Promise<void>
}

/** @param booted whether this is the first look after a boot: then PF has nothing of ours, and nothing is known */
export async function openLoadedFile(paths: NetworkPaths, booted: boolean): Promise<LoadedFile> {
  if (booted) await remove(paths.rules)
  let anchors = new Map<string, LoadedAnchor>()
  try {
    const text = await readTextIfThere(paths.rules)
    if (text !== undefined) anchors = new Map(Object.entries(parseJson(LoadedRules, text, paths.rules).anchors))
  } catch {
    // Of another form, or broken: all is loaded once more.
  }
  return {
    anchors: () => anchors,
    async put(next) {
      anchors = new Map(next)
      // What an old file says of an anchor that was loaded since would be taken for somebody else's change.
      await makeFolder(paths.state)
      await replaceFile(paths.rules, `${JSON.stringify({ format: 1, anchors: Object.fromEntries(anchors) })}\n`, {
        mode: 0o600,
      })
    },
  }
}

export function digestOfLines(lines: readonly string[]): string {
  return sha256(lines.map((line) => `${line}\n`).join(''))
}
