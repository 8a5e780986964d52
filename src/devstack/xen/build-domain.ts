import { access } from 'node:fs/promises'
import { chooseBackend, connectDisk, readOnlyIde } from './devices.ts'
import type { Domain } from './domain.ts'
import { createFailed, libxlError, rebuildFailed } from './libxl-errors.ts'
import { type Backplane, connectVif } from './vifs.ts'

/** What Xen needs for a domain beside its memory. */
export const domainOverheadKiB = 4 * 1024

export interface BuildOptions {
  backplane: Backplane
  /** The free memory, this domain's left out. */
  freeKiB: number
  /** Its memory comes from a file: nothing is booted. */
  restored: boolean
}

/** Builds a domain in the order of libxl: disks are looked at, memory is filled, devices are connected. @throws Refused */
export async function buildDomain(domain: Domain, { backplane, freeKiB, restored }: BuildOptions): Promise<void> {
  await chooseBackends(domain)
  if (!restored) await checkKernel(domain)
  checkMemory(domain, freeKiB)
  await connectDevices(domain, backplane)
}

async function chooseBackends({ id, config, disks }: Domain): Promise<void> {
  for (const [at, spec] of config.disks.entries()) {
    const disk = await chooseBackend(spec)
    if (typeof disk === 'string')
      throw createFailed(
        id,
        disk,
        libxlError('libxl_create.c:1318:initiate_domain_create', id, `Unable to set disk defaults for disk ${at}`),
      )
    disks.push(disk)
  }
}

async function checkKernel({ id, config }: Domain): Promise<void> {
  for (const path of [config.kernel, config.ramdisk]) {
    const there =
      path === undefined ||
      (await access(path).then(
        () => true,
        () => false,
      ))
    if (!there)
      throw createFailed(
        id,
        `xc: error: panic: xg_dom_core.c:205: failed to open file '${path}': No such file or directory: Internal error`,
        libxlError(
          'libxl_dom.c:646:libxl__build_pv',
          undefined,
          'xc_dom_kernel_file failed: No such file or directory',
        ),
        rebuildFailed(id),
      )
  }
}

function checkMemory({ id, memoryKiB }: Domain, freeKiB: number): void {
  if (memoryKiB + domainOverheadKiB > freeKiB)
    throw createFailed(
      id,
      "xc: error: panic: xg_dom_boot.c:119: xc_dom_boot_mem_init: can't allocate low memory for domain: Out of memory",
      libxlError('libxl_dom.c:586:libxl__build_dom', undefined, 'xc_dom_boot_mem_init failed: Cannot allocate memory'),
      rebuildFailed(id),
    )
}

async function connectDevices(domain: Domain, backplane: Backplane): Promise<void> {
  const { id, config, disks } = domain
  if (config.type === 'hvm' && readOnlyIde(disks))
    throw createFailed(
      id,
      libxlError(
        'libxl_dm.c:1917:libxl__build_device_model_args_new',
        id,
        "qemu-xen doesn't support read-only IDE disk drivers",
      ),
    )
  for (const disk of disks) {
    const problem = await connectDisk(id, disk)
    if (problem) throw createFailed(id, ...problem)
  }
  for (const [devid, spec] of config.vifs.entries()) {
    const problem = await connectVif(backplane, domain, devid, spec, config.type === 'hvm' && spec.type !== 'vif')
    if (problem)
      throw createFailed(
        id,
        ...problem,
        libxlError('libxl_create.c:1921:domcreate_attach_devices', id, 'unable to add vif devices'),
      )
  }
}
