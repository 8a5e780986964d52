import { type Static, Type } from 'typebox'
import { AppError } from '../../contract/errors.ts'
import { parseJson } from '../../contract/parse.ts'
import { readTextIfThere, replaceFile } from '../../platform/files.ts'

/** An address that Slipway put on an interface. */
const OwnAddress = Type.Object({ interface: Type.String(), address: Type.String() })
export type OwnAddress = Static<typeof OwnAddress>

const File = Type.Object({ format: Type.Literal(1), addresses: Type.Array(OwnAddress) })

/**
 * Which addresses are ours, on disk: an address is written down before it is added and struck out after it was removed, so that whoever comes after a
 * crash knows at least all of ours, and none of the administrator's.
 */
export interface OwnAddresses {
  /** @throws AppError config-invalid (the file cannot be read) */
  read(): Promise<readonly OwnAddress[]>
  /** @throws AppError storage-full */
  write(addresses: readonly OwnAddress[]): Promise<void>
}

export function openOwnAddresses(path: string): OwnAddresses {
  let known: readonly OwnAddress[] | undefined
  return {
    async read() {
      if (known) return known
      const text = await readTextIfThere(path)
      try {
        known = text === undefined ? [] : parseJson(File, text, path).addresses
      } catch (cause) {
        throw new AppError(
          'config-invalid',
          `${(cause as Error).message}; it says which addresses of this host are Slipway's: restore it, or remove it and take those that are not wanted away by hand`,
          { cause },
        )
      }
      return known
    },
    async write(addresses) {
      if (JSON.stringify(addresses) === JSON.stringify(known)) return
      await replaceFile(path, `${JSON.stringify({ format: 1, addresses })}\n`)
      known = addresses
    },
  }
}
