import { dirname, join } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Exec } from '../../platform/exec.ts'
import { makeFolder, remove, replaceFile, sizeIfThere, syncFile, syncFolder } from '../../platform/files.ts'
import type { Driver, Guest, GuestSpec } from '../driver.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { configText } from './config-text.ts'
import { checkClaims } from './disk-claims.ts'
import { diskSpec, domainConfig, type Firmware } from './domain-config.ts'
import { deviceNumber, domainDetails } from './domain-details.ts'
import { openLasting } from './lasting.ts'
import { probeXen } from './probe.ts'
import { isKnownRefusal, refusalOf } from './refusal.ts'
import { guestOf, openXl } from './xl.ts'

export interface XenOptions {
  exec: Exec
  firmware: Firmware
  /** The folder of a guest's own files: its configuration is written there, readable by root alone (it may hold a password). */
  folder: (id: string) => string
  /** Puts a guest's interfaces into their bridges; a host without this file has Xen's own do it. */
  vifScript: string
  clock: Clock
}

/** How long a domain may take to be gone, a guest to give memory or a processor back, and to let go of a disk. */
const goneMs = 90_000
const balloonMs = 15_000
const detachMs = 20_000
const pollMs = 300

/** libxl's own limits for making a domain add up to two minutes; its memory is read or written at 10 MiB a second at the least. */
function memoryMs(memoryMiB: number): number {
  return 180_000 + memoryMiB * 100
}

/** Guests as domains of Xen, through xl. */
export function openXen({ exec, firmware, folder, vifScript, clock }: XenOptions): Driver {
  const xl = openXl(exec)
  // xl lets one at a time through where memory is freed; and no other domain may take a disk between our look and our start.
  const create = oneAtATime()
  const lasting = openLasting({ exec, folder, clock })
  let prefix: Promise<string> | undefined

  /** The backends' names of interfaces: FreeBSD's netback calls them xnb, Linux's vif. */
  const interfacePrefix = () => {
    prefix ??= exec(['uname', '-s'], { timeoutMs: 10_000 }).then(
      ({ stdout }) => (stdout.trim() === 'Linux' ? 'vif' : 'xnb'),
      () => 'xnb',
    )
    return prefix
  }

  const find = async (id: string) => guestOf(await xl.list(), id)

  /** The guest, while it lives. @throws AppError command-failed */
  async function living(id: string): Promise<Guest> {
    const guest = await find(id)
    if (guest?.state === 'running' || guest?.state === 'paused') return guest
    throw new AppError('command-failed', `the guest ${id} does not run`)
  }

  /** Looks until `is` holds, at most `ms`. */
  async function until(ms: number, is: () => Promise<boolean>): Promise<boolean> {
    for (const end = clock.now().getTime() + ms; ; await clock.sleep(pollMs)) {
      if (await is()) return true
      if (clock.now().getTime() >= end) return false
    }
  }

  async function destroy(id: string): Promise<void> {
    const gone = await until(goneMs, async () => {
      const left = (await xl.list()).guests.filter((guest) => guest.id === id)
      // The exit code says less than the next look: the domain may have gone by itself meanwhile.
      for (const { domid, state } of left) if (state !== 'dying') await xl.run('destroy', String(domid))
      return left.length === 0
    })
    if (!gone)
      throw new AppError('command-failed', `the guest ${id} is still there ${goneMs / 1000} s after xl destroy`)
  }

  /** Makes a domain with `xl create FILE` or `xl restore FILE SAVED`. */
  async function make(spec: GuestSpec, words: (file: string) => string[]): Promise<void> {
    // One that xl was making when we were killed runs now, or it stands still and never will.
    const cutOff = await lasting.settle(spec.id, memoryMs(spec.memoryMiB))
    if (cutOff && (await find(spec.id))?.state === 'paused') await destroy(spec.id)
    return create(async () => {
      const { guests } = await xl.list()
      const already = guests.find(({ id }) => id === spec.id)
      if (already?.state === 'running' || already?.state === 'paused') return
      if (already) throw new AppError('conflict', `the guest ${spec.name} is not wholly gone yet`)
      const namesake = guests.find(({ name }) => name === spec.name)
      if (namesake)
        throw new AppError(
          'conflict',
          `the name ${spec.name} is taken by domain ${namesake.domid}, which is another guest`,
        )
      await checkClaims(await xl.claims(), spec.disks, spec.id)

      const file = join(folder(spec.id), 'domain.cfg')
      await makeFolder(folder(spec.id), { mode: 0o700 })
      const script = (await sizeIfThere(vifScript)) === undefined ? undefined : vifScript
      await replaceFile(file, configText(domainConfig(spec, firmware, script)), { mode: 0o600 })
      try {
        const { exitCode, stderr } = await lasting.xl(spec.id, words(file), memoryMs(spec.memoryMiB))
        if (exitCode !== 0)
          throw new AppError('command-failed', `${spec.name} cannot be started: ${await explain(stderr, file)}`)
        if (!(await find(spec.id))) throw new AppError('command-failed', `${spec.name} was started and is gone already`)
      } catch (error) {
        await destroy(spec.id)
        throw error
      }
    })
  }

  /** Words for a refusal. A dry run tells whether xl takes no exception to the configuration itself, at the price of no domain id. */
  async function explain(stderr: string, file: string): Promise<string> {
    if (isKnownRefusal(stderr)) return refusalOf(stderr)
    const dry = await xl.run('create', '-n', file)
    return dry.exitCode === 0 ? refusalOf(stderr) : `xl refuses its configuration: ${refusalOf(dry.stderr)}`
  }

  async function changed(what: string, ms: number, is: (guest: Guest) => boolean, id: string): Promise<boolean> {
    return until(ms, async () => {
      const guest = await find(id)
      if (!guest) throw new AppError('command-failed', `the guest ${id} ended while ${what} was changed`)
      return is(guest)
    })
  }

  return {
    name: 'xen',
    probe: () => probeXen(xl),

    capacity: () => xl.hardware(),
    vcpus: () => xl.vcpus(),
    list: () => xl.list(),

    async inspect(domid) {
      return domainDetails(await xl.xenstore(`/local/domain/${domid}`), domid, await interfacePrefix())
    },

    start: (spec) => make(spec, (file) => ['create', file]),

    async requestShutdown(id) {
      const { domid } = await living(id)
      const { exitCode } = await xl.run('shutdown', String(domid))
      // A guest without drivers for Xen hears nothing but its power button, which HVM guests have.
      if (exitCode !== 0) await xl.runOk('shutdown', '-F', String(domid))
    },

    async requestReboot(id) {
      const { domid } = await living(id)
      const { exitCode } = await xl.run('reboot', String(domid))
      if (exitCode !== 0) await xl.runOk('reboot', '-F', String(domid))
    },

    destroy,

    // pause and unpause exit with 0 whatever happened.
    async pause(id) {
      await xl.run('pause', String((await living(id)).domid))
      if ((await find(id))?.state !== 'paused')
        throw new AppError('command-failed', `the guest ${id} could not be paused`)
    },

    async resume(id) {
      await lasting.settle(id, memoryMs((await find(id))?.memoryMiB ?? 0))
      const suspended = await find(id)
      if (suspended?.ended === 'suspend') {
        await xl.run('resume', String(suspended.domid))
        if ((await find(id))?.ended === 'suspend')
          throw new AppError('command-failed', `the guest ${id} is suspended, and xl resume (of Xen 4.20) does nothing`)
      }
      const { domid, state } = await living(id)
      if (state === 'paused') await xl.run('unpause', String(domid))
      if ((await find(id))?.state !== 'running')
        throw new AppError('command-failed', `the guest ${id} is still paused after xl unpause`)
    },

    async save(id, file, { leave }) {
      const { domid, memoryMiB } = await living(id)
      const words = ['save', leave === 'paused' ? '-p' : '-c', String(domid), file]
      try {
        const { exitCode, stderr } = await lasting.xl(id, words, memoryMs(memoryMiB))
        if (exitCode !== 0) throw new AppError('command-failed', `xl save failed: ${refusalOf(stderr)}`)
        if ((await find(id))?.state !== leave)
          throw new AppError('command-failed', `the guest ${id} is not ${leave} after its memory was saved`)
        await syncFile(file)
        await syncFolder(dirname(file))
      } catch (error) {
        await remove(file)
        throw error
      }
    },

    restore: (spec, file) => make(spec, (config) => ['restore', config, file]),

    async setMemory(id, memoryMiB) {
      const before = await living(id)
      // With its unit: a bare number is not what the manual says.
      await xl.runOk('mem-set', String(before.domid), `${memoryMiB}m`)
      if (await changed('its memory', balloonMs, (guest) => Math.abs(guest.memoryMiB - memoryMiB) <= 1, id)) return
      await xl.run('mem-set', String(before.domid), `${before.memoryMiB}m`)
      throw new AppError('command-failed', `the guest does not change its memory to ${memoryMiB} MiB while it runs`)
    },

    async setVcpus(id, vcpus) {
      const before = await living(id)
      await xl.runOk('vcpu-set', String(before.domid), String(vcpus))
      if (await changed('its processors', balloonMs, (guest) => guest.vcpus === vcpus, id)) return
      await xl.run('vcpu-set', String(before.domid), String(before.vcpus))
      throw new AppError('command-failed', `the guest does not change to ${vcpus} processors while it runs`)
    },

    attachDisk: (id, disk) =>
      create(async () => {
        const { domid } = await living(id)
        if (await hasDisk(domid, disk.device)) return
        await checkClaims(await xl.claims(), [disk], id)
        const { exitCode, stderr } = await xl.run('block-attach', String(domid), diskSpec(disk))
        if (!(await hasDisk(domid, disk.device)))
          throw new AppError(
            'command-failed',
            `${disk.device} cannot be attached (exit code ${exitCode}): ${refusalOf(stderr)}`,
          )
      }),

    async detachDisk(id, device) {
      const { domid } = await living(id)
      if (!(await hasDisk(domid, device))) return
      const { exitCode, stderr } = await xl.run('block-detach', String(domid), device)
      if (await until(detachMs, async () => !(await hasDisk(domid, device)))) return
      const why = exitCode === 0 ? 'the guest does not let go of it' : refusalOf(stderr)
      throw new AppError('command-failed', `${device} cannot be detached: ${why}`)
    },
  }

  async function hasDisk(domid: number, device: string): Promise<boolean> {
    const store = await xl.xenstore(`/local/domain/${domid}`)
    return store.has(`/local/domain/${domid}/device/vbd/${deviceNumber(device)}/state`)
  }
}
