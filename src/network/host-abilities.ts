import type { Capability } from '../contract/compute-status.ts'
import type { Exec } from '../platform/exec.ts'

const timeoutMs = 10_000

/** What this host can do for networks. Changes nothing, and never throws: what cannot be asked is not there. */
export async function probeHost(exec: Exec): Promise<{ pf: Capability }> {
  const setting = async (name: string) => {
    const { exitCode, stdout } = await exec(['sysctl', '-n', name], { timeoutMs })
    return exitCode === 0 ? stdout.trim() : undefined
  }
  const no = (reason: string): { pf: Capability } => ({ pf: { available: false, reason } })
  try {
    const level = Number((await setting('kern.securelevel')) ?? '-1')
    if (level >= 3)
      return no(
        `kern.securelevel is ${level}, which forbids every change of PF; lower kern_securelevel in rc.conf, and reboot`,
      )
    const { exitCode, stderr } = await exec(['pfctl', '-s', 'info'], { timeoutMs })
    if (exitCode === 0) return { pf: { available: true } }
    const jailed = (await setting('security.jail.jailed')) === '1'
    const where = jailed ? 'this is a jail without a PF of its own' : 'PF cannot be asked (service pf start)'
    return no(`${where}: ${stderr.trim().slice(0, 200)}`)
  } catch (error) {
    return no(`PF cannot be asked: ${(error as Error).message.slice(0, 300)}`)
  }
}
