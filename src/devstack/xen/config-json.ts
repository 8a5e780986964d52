import type { DiskSpec } from './disk-spec.ts'
import type { DomainConfig } from './domain-config.ts'
import type { VifSpec } from './vif-spec.ts'

/**
 * A configuration as `xl create -n` prints it, or, `stored`, as `xl list -l` does once a domain was made of it. Members that have their
 * default are left out.
 */
export function configJson(config: DomainConfig, stored = false): object {
  const cpus = config.vcpus
  return {
    c_info: {
      type: config.type,
      name: config.name,
      domid: stored ? 4_294_967_295 : undefined,
      uuid: config.uuid,
      run_hotplug_scripts: 'True',
    },
    b_info: {
      max_vcpus: config.maxVcpus,
      avail_vcpus: cpus === undefined ? undefined : Array.from({ length: cpus }, (_, at) => at),
      max_memkb: config.maxMemoryKiB,
      target_memkb: config.memoryKiB,
      video_memkb: stored ? (config.type === 'hvm' ? 8192 : 0) : undefined,
      device_model_version: stored && config.type === 'hvm' ? 'qemu_xen' : undefined,
      sched_params: stored ? { sched: 'credit2', weight: 256, cap: 0 } : {},
      claim_mode: 'True',
      kernel: config.kernel,
      cmdline: config.cmdline,
      ramdisk: config.ramdisk,
      bootloader: config.bootloader,
      [`type.${config.type}`]: config.type === 'hvm' ? hvmJson(config) : {},
      arch_arm: {},
      arch_x86: stored ? { msr_relaxed: 'False' } : {},
    },
    disks: config.disks.length === 0 ? undefined : config.disks.map((disk) => diskJson(disk, stored)),
    nics:
      config.vifs.length === 0
        ? undefined
        : config.vifs.map((vif, devid) => ({ devid, ...vifJson(vif, stored ? config.type : undefined) })),
    on_poweroff: config.on.poweroff === 'destroy' ? undefined : config.on.poweroff,
    on_reboot: config.on.reboot === 'destroy' ? undefined : config.on.reboot,
    on_watchdog: config.on.watchdog === 'destroy' ? undefined : config.on.watchdog,
    on_crash: config.on.crash === 'destroy' ? undefined : config.on.crash,
    on_soft_reset: config.on.soft_reset === 'destroy' ? undefined : config.on.soft_reset,
  }
}

function hvmJson({ firmware, vga, vnc, serial, boot }: DomainConfig): object {
  const word = (value: boolean | undefined) => (value === undefined ? undefined : value ? 'True' : 'False')
  return {
    bios:
      firmware === undefined ? undefined : firmware === 'bios' ? 'seabios' : firmware === 'uefi' ? 'ovmf' : firmware,
    vga: { kind: vga === undefined ? undefined : vga === 'stdvga' ? 'std' : vga },
    vnc: {
      enable: word(vnc !== undefined),
      listen: vnc?.listen,
      passwd: vnc?.passwd,
      display: vnc?.display,
      findunused: word(vnc?.findUnused),
    },
    sdl: { enable: 'False' },
    spice: {},
    serial,
    boot,
    rdm: {},
  }
}

export function diskJson(disk: DiskSpec, stored = false): object {
  return {
    pdev_path: disk.path,
    vdev: disk.vdev,
    backend: disk.backend,
    format: disk.format,
    script: disk.script,
    removable: disk.cdrom ? 1 : undefined,
    readwrite: disk.readWrite ? 1 : undefined,
    is_cdrom: disk.cdrom ? 1 : undefined,
    colo_restore_enable: stored ? 'False' : undefined,
  }
}

/** `type`: that of the guest, when the interface was made. */
export function vifJson(vif: VifSpec, type?: DomainConfig['type']): object {
  return {
    mtu: vif.mtu,
    model: vif.model,
    mac: vif.mac,
    ip: vif.ip,
    bridge: vif.bridge,
    ifname: vif.name,
    script: vif.script,
    nictype: vif.type ?? (type === undefined ? undefined : type === 'hvm' ? 'vif_ioemu' : 'vif'),
    rate_bytes_per_interval: vif.rate?.bytesPerInterval,
    rate_interval_usecs: vif.rate?.intervalMicroseconds,
  }
}
