import { type Static, Type } from 'typebox'
import { DaemonConfig } from './daemon-config.ts'
import { CloudName } from './instance.ts'

const Path = Type.String({ pattern: '^/', maxLength: 1024 })

/** A kernel that guests of this host may start from: files of the host, named by its administrator alone. */
export const GuestKernel = Type.Object(
  {
    kernel: Path,
    ramdisk: Type.Optional(Path),
    commandLine: Type.Optional(Type.String({ pattern: '^[ -~]*$', maxLength: 2048 })),
  },
  { additionalProperties: false },
)
export type GuestKernel = Static<typeof GuestKernel>

/** The file /usr/local/etc/slipway/compute.yaml; a file that is not there means the defaults. */
export const ComputeConfig = Type.Object(
  {
    ...DaemonConfig.properties,
    /**
     * Where disks are kept. `zvol`: below `<pool>/slipway`. `raw`: plain files in a folder, copied whole, where there is no ZFS. `pool` may be a
     * dataset of a pool.
     */
    store: Type.Union(
      [
        Type.Object(
          {
            kind: Type.Literal('zvol'),
            pool: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_.:-]*(/[A-Za-z0-9_.:-]+)*$', maxLength: 128 }),
          },
          { additionalProperties: false },
        ),
        Type.Object({ kind: Type.Literal('raw'), folder: Path }, { additionalProperties: false }),
      ],
      { default: { kind: 'zvol', pool: 'zroot' } },
    ),
    /** All disks together may take this much of the pool; absent: all of it. */
    quotaBytes: Type.Optional(Type.Integer({ minimum: 1024 * 1024 })),
    /** Memory of the hypervisor that is not given to guests, beside what the host itself has. */
    reservedMemoryMiB: Type.Integer({ minimum: 0, default: 256 }),
    kernels: Type.Record(CloudName, GuestKernel, { default: {}, additionalProperties: false }),
    /** The firmware of UEFI guests. */
    uefiFirmware: Type.String({ pattern: '^/', default: '/usr/local/share/edk2-xen/XEN_X64_EFI.fd' }),
    /** How much of each console is kept, in two halves. */
    consoleLogBytes: Type.Integer({ minimum: 4096, maximum: 64 * 1024 * 1024, default: 1024 * 1024 }),
    /** The hypervisor and the disks are looked at this often, beside every change of what is desired. */
    pollSeconds: Type.Integer({ minimum: 1, maximum: 600, default: 10 }),
    /** Where programs are that are not where FreeBSD has them: `xl: /usr/sbin/xl`. */
    tools: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), Path, {
      default: {},
      additionalProperties: false,
    }),
  },
  { additionalProperties: false },
)
export type ComputeConfig = Static<typeof ComputeConfig>
