import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Refused } from '../tools/refused.ts'
import type { Said } from '../tools/said.ts'
import { configJson } from '../xen/config-json.ts'
import type { DomainConfig } from '../xen/domain-config.ts'
import { libxlJson } from '../xen/json-text.ts'
import { libxlError } from '../xen/libxl-errors.ts'
import { domainOf, options, type XlCommand } from './command.ts'
import { prefixed, readConfig } from './create.ts'

/** A saved memory, as the simulator keeps it. */
interface Saved {
  magic: 'simulated xl save 1'
  config: DomainConfig
  memoryKiB: number
  vcpus: number
  /** For how long its system had run. */
  uptimeMs: number
}

const kinds = { pv: 'x86 PV', pvh: 'x86 HVM', hvm: 'x86 HVM' } as const

/** `xl save [-cp] DOMAIN FILE`: with `-c` the guest goes on, with `-p` it stays, paused. In each case its monitor is gone. */
export const save: XlCommand = async (call): Promise<Said> => {
  const given = options(call, 'cpD', 2)
  const [word = '', file = ''] = given.words
  const { hypervisor } = call.machine
  const domain = domainOf(call.machine, word, (domid) => new Refused(1, `Domain ${domid} does not exist.`))
  const length = libxlJson(configJson(domain.config, true)).length
  const first = `Saving to ${file} new xl format (info 0x3/0x0/${length})\n`
  const saved: Saved = {
    magic: 'simulated xl save 1',
    config: { ...domain.config, memoryKiB: domain.config.memoryKiB },
    memoryKiB: domain.memoryKiB,
    vcpus: domain.onlineVcpus,
    uptimeMs: domain.guest.uptimeMs(),
  }
  try {
    await writeFile(resolve(call.cwd, file), `${JSON.stringify(saved)}\n`)
  } catch {
    throw new Refused(1, `Failed to open temp file ${file} for writing`)
  }
  if (domain.guest.phase() !== 'up' || domain.guest.deaf || domain.shutdown)
    throw new Refused(
      1,
      first.trimEnd(),
      libxlError(
        'libxl_dom_suspend.c:318:suspend_common_wait_guest_timeout',
        domain.id,
        'guest did not suspend, timed out',
      ),
      'Failed to save domain, resuming domain',
    )

  hypervisor.suspend(domain)
  await call.machine.clock.sleep(hypervisor.times.createMs)
  if (given.flags.has('c') || given.flags.has('p')) hypervisor.resume(domain, { paused: given.flags.has('p') })
  else await hypervisor.destroy(domain)
  const stderr = `${first}xc: info: Saving domain ${domain.id}, type ${kinds[domain.config.type]}\n${progress(domain.config.maxMemoryKiB / 4)}`
  return { exitCode: 0, stdout: '', stderr }
}

function progress(frames: number): string {
  let text = ''
  for (let percent = 5; percent <= 100; percent += 5)
    text += `xc: progress: Frames: ${Math.floor((frames * percent) / 100)}/${frames}  ${String(percent).padStart(3)}%\n`
  return `${text}xc: progress: End of stream: 0/0    0%\n`
}

/** `xl restore [-pe] [CONFIG] FILE` */
export const restore: XlCommand = async (call): Promise<Said> => {
  const given = options(call, 'cdepFVA', 1)
  const file = given.words.at(-1) as string
  const override = given.words.length > 1 ? given.words[0] : undefined
  const text = await readFile(resolve(call.cwd, file), 'utf8').catch(() => {
    throw new Refused(1, `Can't open restore file: No such file or directory`)
  })
  const saved = parseSaved(text)
  if (!saved) throw new Refused(1, 'File has wrong magic number - corrupt or for a different tool?')
  const length = libxlJson(configJson(saved.config, true)).length
  const first =
    `Loading new save file ${file} (new xl fmt info 0x3/0x0/${length})\n Savefile contains xl domain config in JSON format\n` +
    `Parsing config from ${override ?? '<saved>'}\n`
  const config = override === undefined ? saved.config : await readConfig(call, override, [], first)
  try {
    const domain = await call.machine.hypervisor.create(config, {
      paused: given.flags.has('p'),
      monitored: !given.flags.has('e'),
      restored: { memoryKiB: saved.memoryKiB, vcpus: saved.vcpus, uptimeMs: saved.uptimeMs },
      signal: call.signal,
    })
    const stderr = `${first}xc: info: Found ${kinds[config.type]} domain from Xen ${call.machine.xen.version.split('.').slice(0, 2).join('.')}
xc: info: Restoring domain
xc: info: Restore successful
xc: info: XenStore: mfn 0x${(0x7eab6 - domain.id).toString(16)}, dom 0, evt 1
xc: info: Console: mfn 0x${(0x7eab5 - domain.id).toString(16)}, dom 0, evt 2
`
    return { exitCode: 0, stdout: '', stderr }
  } catch (error) {
    // `xl restore` does not pass the code of libxl on, as `xl create` does.
    if (error instanceof Refused) error.said.exitCode = 1
    throw prefixed(error, first)
  }
}

function parseSaved(text: string): Saved | undefined {
  try {
    const saved = JSON.parse(text)
    return saved?.magic === 'simulated xl save 1' ? saved : undefined
  } catch {
    return undefined
  }
}
