import { AppError } from '../../contract/errors.ts'
import type { Exec, ExecResult } from '../../platform/exec.ts'
import type { Guest, GuestList, Hardware, VcpuList } from '../driver.ts'
import { type DiskClaim, readDiskClaims } from './domain-configs.ts'
import { readDomainList } from './domain-list.ts'
import { type HostInfo, readHardware, readHostInfo } from './host-info.ts'
import { refusalOf } from './refusal.ts'
import { readVcpuList } from './vcpu-list.ts'
import { readXenstore, type Xenstore } from './xenstore.ts'

/** Questions answer within this; libxl's own limits for making and ending a domain add up to two minutes. */
const askTimeoutMs = 30_000
const actTimeoutMs = 180_000

/** The commands of xl and xenstore that are used here. Exit codes are judged by the caller where xl is known to lie. */
export interface Xl {
  /** @throws AppError command-failed | command-timeout */
  list(): Promise<GuestList>
  claims(): Promise<DiskClaim[]>
  info(): Promise<HostInfo>
  hardware(): Promise<Hardware>
  vcpus(): Promise<VcpuList>
  xenstore(path: string): Promise<Xenstore>
  /** Runs a subcommand that changes something. @throws AppError command-timeout */
  run(...words: string[]): Promise<ExecResult>
  /** As `run`. @throws AppError command-failed, in our words, when its exit code is not 0 */
  runOk(...words: string[]): Promise<ExecResult>
}

export function openXl(exec: Exec): Xl {
  async function ask(...argv: Parameters<Exec>[0]): Promise<string> {
    const { exitCode, stdout, stderr } = await exec(argv, { timeoutMs: askTimeoutMs })
    if (exitCode !== 0)
      throw new AppError('command-failed', `${argv.join(' ')} failed with exit code ${exitCode}: ${refusalOf(stderr)}`)
    return stdout
  }
  const run: Xl['run'] = (...words) => exec(['xl', ...words], { timeoutMs: actTimeoutMs })
  return {
    async list() {
      const list = readDomainList(await ask('xl', 'list', '-v'))
      if (!list) throw new AppError('command-failed', 'xl list -v did not even show this host (Domain-0)')
      return list
    },
    claims: async () => readDiskClaims(await ask('xl', 'list', '-l')),
    info: async () => readHostInfo(await ask('xl', 'info')),
    hardware: async () => readHardware(await ask('xl', 'info', '-n')),
    vcpus: async () => readVcpuList(await ask('xl', 'vcpu-list')),
    xenstore: async (path) => readXenstore(await ask('xenstore-ls', '-f', path)),
    run,
    async runOk(...words) {
      const result = await run(...words)
      if (result.exitCode === 0) return result
      throw new AppError('command-failed', `xl ${words[0]} failed: ${refusalOf(result.stderr)}`)
    },
  }
}

/** The guest with this UUID. A guest that reboots may be there twice for a moment: the one that lives counts. */
export function guestOf(list: GuestList, id: string): Guest | undefined {
  const found = list.guests.filter((guest) => guest.id === id)
  return found.find(({ state }) => state !== 'dying') ?? found[0]
}
