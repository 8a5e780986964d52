import { type Static, Type } from 'typebox'
import { parseJson } from '../../contract/parse.ts'

/** As much as is read here of `xl list -l`. The host's own row has next to nothing, and members with default values are left out. */
const Rows = Type.Array(
  Type.Object({
    domid: Type.Integer(),
    config: Type.Object({
      c_info: Type.Optional(Type.Object({ name: Type.Optional(Type.String()), uuid: Type.Optional(Type.String()) })),
      disks: Type.Optional(
        Type.Array(Type.Object({ pdev_path: Type.Optional(Type.String()), readwrite: Type.Optional(Type.Unknown()) })),
      ),
    }),
  }),
)

export interface DiskClaim {
  path: string
  readOnly: boolean
  domid: number
  /** The domain that has the disk. */
  name: string
  id: string | undefined
}

/** Which domain has which disk, whoever made it: `xl list -l`. @throws AppError command-failed when the text is not its form */
export function readDiskClaims(text: string): DiskClaim[] {
  const rows: Static<typeof Rows> = parseJson(Rows, text, 'the output of xl list -l', 'command-failed')
  return rows.flatMap(({ domid, config: { c_info, disks = [] } }) =>
    disks.flatMap(({ pdev_path, readwrite }) =>
      pdev_path === undefined
        ? []
        : [{ path: pdev_path, readOnly: !readwrite, domid, name: c_info?.name ?? `domain ${domid}`, id: c_info?.uuid }],
    ),
  )
}
