import type { GuestKernel } from '../../contract/compute-config.ts'
import { AppError } from '../../contract/errors.ts'
import type { GuestDisk, GuestInterface, GuestSpec } from '../driver.ts'
import type { ConfigValue } from './config-text.ts'

/** What guests of this host may start from, beside their disks. */
export interface Firmware {
  /** The file that UEFI guests start. */
  uefi: string
  kernels: Readonly<Record<string, GuestKernel>>
}

/**
 * The keys of xl.cfg(5) for a guest. A default that hurts is always written out: `type` (else pv), the VNC screen (else on), the PV keyboard
 * (else a Linux guest waits for it), and how it may end: `preserve` keeps an ended domain, so that we see how it ended.
 *
 * `on_reboot` stays with xl's monitor process of the domain, so that a guest can reboot while this daemon is not there.
 * @param vifScript the hotplug script of Slipway; undefined where it is not installed, and Xen's own is run
 * @throws AppError input-invalid (no Xen guest can be like that) | conflict (nothing would guard its interfaces)
 */
export function domainConfig(
  spec: GuestSpec,
  firmware: Firmware,
  vifScript: string | undefined,
): Record<string, ConfigValue | undefined> {
  if (vifScript === undefined && spec.interfaces.some(({ filtered }) => filtered))
    throw new AppError(
      'conflict',
      `${spec.name} has security groups, and the script vif-slipway by which they find its interfaces is not on this host; give the host a newer release of the component rc`,
    )
  const readOnlyIde = spec.disks.find(({ device, readOnly }) => readOnly && /^xvd[a-d]$/.test(device))
  if (spec.type === 'hvm' && readOnlyIde)
    throw new AppError(
      'input-invalid',
      `${readOnlyIde.device} of an hvm guest cannot be read-only; give the volume a device from xvdf on`,
    )
  return {
    name: spec.name,
    uuid: spec.id,
    type: spec.type,
    memory: spec.memoryMiB,
    maxmem: spec.memoryMiB,
    vcpus: spec.vcpus,
    maxvcpus: spec.vcpus,
    ...boot(spec, firmware),
    ...screen(spec),
    on_poweroff: 'preserve',
    on_reboot: 'restart',
    on_watchdog: 'preserve',
    on_crash: 'preserve',
    disk: spec.disks.map(diskSpec),
    vif: spec.interfaces.map((it) => interfaceSpec(it, spec.type === 'hvm', vifScript)),
  }
}

function boot({ boot, type }: GuestSpec, { uefi, kernels }: Firmware): Record<string, ConfigValue | undefined> {
  if (boot.from === 'kernel') {
    const kernel = kernels[boot.kernel]
    if (!kernel)
      throw new AppError(
        'input-invalid',
        `this host allows no kernel ${boot.kernel}; name it in compute.yaml (kernels)`,
      )
    return { kernel: kernel.kernel, ramdisk: kernel.ramdisk, cmdline: kernel.commandLine }
  }
  if (type === 'pv') return { bootloader: 'pygrub' }
  if (type === 'pvh') {
    if (boot.firmware === 'uefi') return { kernel: uefi }
    throw new AppError('input-invalid', 'a pvh guest has no BIOS; let it start with firmware uefi or from a kernel')
  }
  if (boot.firmware === 'bios') return { firmware: 'bios', boot: 'c' }
  return { bios: 'ovmf', bios_path_override: uefi, boot: 'c' }
}

/** What a guest sees of a machine around it. cloud-init believes the SMBIOS strings of OpenStack, and asks for no other proof. */
function screen({ type, vnc }: GuestSpec): Record<string, ConfigValue | undefined> {
  if (type !== 'hvm') return vnc ? { vfb: [`vnc=1,vnclisten=127.0.0.1,vncunused=1,vncpasswd=${vnc.password}`] } : {}
  const openStack = 'OpenStack Nova'
  return {
    serial: 'pty',
    vga: 'stdvga',
    vkb_device: 0,
    xen_platform_pci: 1,
    smbios: [`system_product_name=${openStack}`, `enclosure_asset_tag=${openStack}`],
    ...(vnc
      ? { vnc: 1, vnclisten: '127.0.0.1', vncunused: 1, vncpasswd: vnc.password, usb: 1, usbdevice: ['tablet'] }
      : { vnc: 0 }),
  }
}

/** A disk as xl-disk-configuration(5) has it. `target=` stands last, as it swallows the rest: a path may have commas. */
export function diskSpec({ device, path, backend, readOnly }: GuestDisk): string {
  return `format=raw,vdev=${device},access=${readOnly ? 'ro' : 'rw'},backendtype=${backend},target=${path}`
}

function interfaceSpec({ mac, bridge, mtu }: GuestInterface, emulated: boolean, script: string | undefined): string {
  const model = emulated ? 'type=ioemu,model=e1000' : 'type=vif'
  const more = [...(mtu === undefined ? [] : [`mtu=${mtu}`]), ...(script === undefined ? [] : [`script=${script}`])]
  return [`mac=${mac},bridge=${bridge},${model}`, ...more].join(',')
}
