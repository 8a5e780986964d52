import type { Boot, GuestType } from '../contract/instance.ts'

/** A disk as a hypervisor takes it: made, and claimed for this guest alone. */
export interface GuestDisk {
  /** "xvda" */
  device: string
  /** The device or the raw file on the host. */
  path: string
  backend: 'phy' | 'qdisk'
  readOnly: boolean
}

export interface GuestInterface {
  port: string
  mac: string
  bridge: string
  mtu?: number
  /** Security groups decide for it: it may not come up without them. */
  filtered: boolean
}

/** Everything that a hypervisor has to know in order to run a guest. */
export interface GuestSpec {
  /** The instance's UUID: how the guest is known again, by us and by the hypervisor. */
  id: string
  name: string
  type: GuestType
  vcpus: number
  memoryMiB: number
  boot: Boot
  /** In the order of their devices. */
  disks: readonly GuestDisk[]
  interfaces: readonly GuestInterface[]
  vnc?: { password: string }
}

/** `ended`: it does not run any more but the hypervisor still knows how it ended. `dying`: its name and its disks are not free yet. */
export const guestStates = ['running', 'paused', 'ended', 'dying'] as const
export type GuestState = (typeof guestStates)[number]

/** A guest that the hypervisor knows, whoever made it. */
export interface Guest {
  /** Undefined for one that was made without a UUID that can be read. */
  id: string | undefined
  name: string
  /** Another one after every start and reboot. */
  domid: number
  state: GuestState
  /** Of an ended guest. `suspend`: its memory is being saved, or that was cut off. */
  ended?: 'poweroff' | 'reboot' | 'crash' | 'suspend' | 'unknown'
  memoryMiB: number
  /** Those that are online. */
  vcpus: number
  cpuSeconds: number
}

export interface GuestList {
  guests: readonly Guest[]
  /** How many guests the hypervisor told of in a way that could not be read: one that is not in `guests` may be among them. */
  unread: number
}

/** A virtual processor of a guest, or of the host itself (domid 0). */
export interface Vcpu {
  /** Of its guest. */
  name: string
  domid: number
  /** Counted from 0 in its guest. */
  vcpu: number
  /** The processor of the machine that it was on last; undefined while it is offline. */
  processor: number | undefined
  /** Whether it has nothing to do. */
  blocked: boolean
  /** For how long it has run. */
  seconds: number
}

export interface VcpuList {
  vcpus: readonly Vcpu[]
  /** Lines that could not be read. */
  unread: readonly string[]
}

/** What the hypervisor has. */
export interface Hardware {
  memoryMiB: number
  freeMemoryMiB: number
  cpus: number
  /** The numbers of the processors. */
  processors: readonly number[]
}

/** `waiting`: the guest's driver is there and waits for the host. `none`: the guest has not looked at the device, and may never. */
export type DeviceConnection = 'none' | 'waiting' | 'connected'

/** What is known of a running guest beside its row in the list. */
export interface GuestDetails {
  domid: number
  disks: readonly { device: string; backend: 'phy' | 'qdisk'; connection: DeviceConnection }[]
  interfaces: readonly { mac: string; name: string; connection: DeviceConnection }[]
  /** The terminal of the guest's console. */
  consolePath?: string
  /** `127.0.0.1:5901`, while the guest has a screen. */
  vncAddress?: string
}

/** Found by trying: "xen.hvm", "snapshot.memory". A reason says why not, and the way out. */
export type Capabilities = Record<string, { available: boolean; reason?: string }>

/**
 * Runs guests. A driver keeps nothing: what runs is asked of the hypervisor each time, so that a daemon that starts adopts what it finds.
 * No guest is a child of this process. Names are not unique to a driver's caller: everything is addressed by id.
 *
 * Every method may be called again after a crash in the middle of it; each says what that does.
 */
export interface Driver {
  readonly name: 'xen'

  /** What this host can do with this hypervisor, each found by trying: "xen.hvm", "xen.pvh", "xen.pv", "snapshot.memory". Never throws. */
  probe(): Promise<Capabilities>

  /** Memory and cpus of the whole machine. @throws AppError command-failed */
  capacity(): Promise<Hardware>

  /** The virtual processors of every guest and of the host itself. @throws AppError command-failed */
  vcpus(): Promise<VcpuList>

  /** Every guest, the host itself left out. @throws AppError command-failed: nothing is known then, and nothing may be concluded */
  list(): Promise<GuestList>

  /** @throws AppError command-failed */
  inspect(domid: number): Promise<GuestDetails>

  /**
   * Starts a guest, and answers when the hypervisor has made it (not when its system is up). One that runs already is left as it is. A start
   * that fails leaves no guest.
   * @throws AppError command-failed, in words of what was missing | conflict (its name, or one of its disks, is taken by another guest)
   */
  start(spec: GuestSpec): Promise<void>

  /** Asks the guest to shut down, as its power button would, and answers at once. @throws AppError command-failed (it cannot hear us) */
  requestShutdown(id: string): Promise<void>
  /** Asks the guest to start anew. @throws AppError command-failed (it cannot hear us) */
  requestReboot(id: string): Promise<void>

  /** Ends a guest at once and answers when its name and its disks are free. One that is gone is fine. @throws AppError command-failed */
  destroy(id: string): Promise<void>

  /** @throws AppError command-failed when it is not paused then */
  pause(id: string): Promise<void>
  /**
   * Makes a guest go on that is paused, or that a save which was cut off has left suspended; a save that is still under way is waited for.
   * @throws AppError command-failed when it does not run then: one that is suspended cannot go on everywhere
   */
  resume(id: string): Promise<void>

  /**
   * Writes the guest's memory into a file, and answers when it is durable. `leave: 'paused'` leaves the guest paused, so
   * that its disks can be taken at the same moment. A save that fails leaves no file, and the guest as it was; one that was cut off may leave a part
   * of the file, and the guest suspended: see `resume`.
   * @throws AppError command-failed
   */
  save(id: string, file: string, options: { leave: 'running' | 'paused' }): Promise<void>
  /** Makes the guest go on from a file, with the disks of `spec`. @throws AppError as `start`; no guest is left then */
  restore(spec: GuestSpec, file: string): Promise<void>

  /** Changes a running guest. @throws AppError command-failed when the guest or the hypervisor cannot: it then waits for the next start */
  setMemory(id: string, memoryMiB: number): Promise<void>
  setVcpus(id: string, vcpus: number): Promise<void>
  /** @throws AppError command-failed | conflict (another guest has the disk) */
  attachDisk(id: string, disk: GuestDisk): Promise<void>
  /** Answers when the guest has let go of the disk. @throws AppError command-failed */
  detachDisk(id: string, device: string): Promise<void>
}
