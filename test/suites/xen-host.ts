import { expect } from 'vitest'
import { until } from '../support/processes.ts'

export interface Result {
  exitCode: number
  stdout: string
  stderr: string
}

/** A host with Xen and ZFS. Its pool and its hypervisor are the suite's alone. */
export interface XenHost {
  /** Some things are the system's own way: its hotplug scripts. */
  system: 'linux' | 'freebsd'
  /** Runs a tool of the host by its name, with exactly these arguments. */
  exec(argv: readonly [string, ...string[]], options?: { stdin?: string; timeoutMs?: number }): Promise<Result>
  writeFile(path: string, text: string): Promise<void>
  readFile(path: string): Promise<string>
  /** Writes text into the first sector of a volume, as soon as its device is there. */
  writeVolume(volume: string, text: string): Promise<void>
  /** What `writeVolume` wrote last, or a rollback brought back. */
  readVolume(volume: string): Promise<string>
  /** What guests of this name have printed on their console until now. */
  console(domain: string): Promise<string>
  pool: string
  bridge: string
  /** A guest that prints what test/xen/image/guest-init says. */
  guest: { kernel: string; ramdisk: string; commandLine: string }
  /** Where files of the suite may be. */
  folder: string
}

/** Keys of xl.cfg, by their words; text is quoted, and what is undefined is left out. */
export type Config = Record<string, string | number | readonly string[] | undefined>

export const done = { exitCode: 0, stderr: '' }
export const works = ({ exitCode, stderr }: Result) => expect(exitCode, stderr).toBe(0)
export const refused = (stderr: string, exitCode = 1) => ({ exitCode, stderr: expect.stringContaining(stderr) })
export const waitFor = (what: string, check: () => Promise<boolean>) => until(what, check, 240_000, 300)

/** The tools of a host that is opened when the first of them is used. */
export type Tools = ReturnType<typeof toolsOf>

export function toolsOf(host: () => XenHost) {
  const xl = (...args: string[]) => host().exec(['xl', ...args])
  const file = (name: string) => `${host().folder}/${name}`
  return {
    host,
    xl,
    zfs: (...args: string[]) => host().exec(['zfs', ...args]),
    file,
    device: (volume: string) => `/dev/zvol/${host().pool}/${volume}`,
    disk: (target: string, vdev = 'xvda') => `format=raw,vdev=${vdev},access=rw,target=${target}`,

    /** Writes the configuration of a small PV guest, with other words where `words` has them, and answers its path. */
    async config(name: string, words: Config = {}): Promise<string> {
      const { kernel, ramdisk, commandLine: extra } = host().guest
      const all: Config = { name, type: 'pv', kernel, ramdisk, extra, memory: 128, vcpus: 1, ...words }
      const lines = Object.entries(all).map(([key, value]) =>
        value === undefined ? '' : `${key}=${JSON.stringify(value)}\n`,
      )
      await host().writeFile(file(`${name}.cfg`), lines.join(''))
      return file(`${name}.cfg`)
    },

    /** The row of `xl list`: its columns, or nothing when there is no such domain. */
    async row(name: string): Promise<{ domid: number; memoryMiB: number; state: string } | undefined> {
      const { stdout } = await xl('list')
      const columns = stdout
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .find(([first]) => first === name)
      return columns && { domid: Number(columns[1]), memoryMiB: Number(columns[2]), state: columns[4] as string }
    },

    /** What guests of this name have printed in lines that begin so. */
    lines: async (name: string, start: string) =>
      (await host().console(name)).split('\n').filter((line) => line.startsWith(start)),
  }
}
