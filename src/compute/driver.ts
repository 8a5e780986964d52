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
  domid: number
  state: GuestState
  /** Of an ended guest. */
  ended?: 'poweroff' | 'reboot' | 'crash' | 'suspend' | 'unknown'
  memoryMiB: number
  vcpus: number
  cpuSeconds: number
}

/**
 * Runs guests. A driver keeps nothing: what runs is asked of the hypervisor each time, so that a daemon that starts adopts what it finds.
 * No guest is a child of this process. Names are not unique to a driver's caller: everything is addressed by id.
 *
 * Every method may be called again after a crash in the middle of it; each says what that does.
 */
export interface Driver {
  readonly name: 'xen'

  /** What this host can do with this hypervisor, each found by trying: "xen.hvm", "xen.pvh", "xen.pv", "snapshot.memory". Never throws. */
  probe(): Promise<Record<string, { available: boolean; reason?: string }>>

  /** Memory and cpus of the whole machine. @throws AppError command-failed */
  capacity(): Promise<{ memoryMiB: number; freeMemoryMiB: number; cpus: number }>

  /** Every guest, the host itself left out. @throws AppError command-failed: nothing is known then, and nothing may be concluded */
  list(): Promise<Guest[]>

  /**
   * Starts a guest, and answers when the hypervisor has made it (not when its system is up). One that runs already is left as it is. A start
   * that fails leaves no guest.
   * @throws AppError command-failed, in words of what was missing | conflict (its name is taken by a guest of another id)
   */
  start(spec: GuestSpec): Promise<void>

  /** Asks the guest to shut down, as its power button would, and answers at once. @throws AppError command-failed (it cannot hear us) */
  requestShutdown(id: string): Promise<void>
  /** Asks the guest to start anew. @throws AppError command-failed (it cannot hear us) */
  requestReboot(id: string): Promise<void>

  /** Ends a guest at once and answers when its name and its disks are free. One that is gone is fine. */
  destroy(id: string): Promise<void>

  pause(id: string): Promise<void>
  resume(id: string): Promise<void>

  /**
   * Writes the guest's memory into a file. `then: 'continue'` lets it run on; `'pause'` leaves it paused, so that its disks can be taken at the same
   * moment. A save that fails leaves the guest running and no file.
   */
  save(id: string, file: string, options: { then: 'continue' | 'pause' }): Promise<void>
  /** Makes the guest go on from a file, with the disks of `spec`. @throws AppError command-failed; no guest is left then */
  restore(spec: GuestSpec, file: string): Promise<void>

  /** Changes a running guest. @throws AppError command-failed when the guest or the hypervisor cannot: it then waits for the next start */
  setMemory(id: string, memoryMiB: number): Promise<void>
  setVcpus(id: string, vcpus: number): Promise<void>
  attachDisk(id: string, disk: GuestDisk): Promise<void>
  /** Answers when the guest has let go of the disk. */
  detachDisk(id: string, device: string): Promise<void>

  /** What the guest's devices look like from here: disks that do not connect, the host's name of each interface. */
  devices(id: string): Promise<GuestDevices>

  /** The terminal of the guest's console, a device that is opened for reading and writing; undefined while there is none. */
  consolePath(id: string): Promise<string | undefined>

  /** `127.0.0.1:5901`, while the guest has a screen. */
  vncAddress(id: string): Promise<string | undefined>
}

export interface GuestDevices {
  disks: readonly { device: string; backend: 'phy' | 'qdisk'; connected: boolean }[]
  interfaces: readonly { mac: string; name: string; connected: boolean }[]
}
