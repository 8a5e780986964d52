import { Refused } from '../tools/refused.ts'
import { prints, refuses, type Said } from '../tools/said.ts'
import { type Domain, reasonCodes } from '../xen/domain.ts'
import { libxlError, notThere } from '../xen/libxl-errors.ts'
import { domainOf, domidOf, options, type XlCall, type XlCommand } from './command.ts'

const words = {
  poweroff: {
    doing: 'Shutting down',
    verb: 'shutdown',
    fallback: 'sending ACPI power button event.',
    event: 'ACPI power event',
  },
  reboot: { doing: 'Rebooting', verb: 'reboot', fallback: 'sending ACPI reset event.', event: 'ACPI reset event' },
} as const

/** `xl shutdown [-awF] DOMAIN` and `xl reboot`: the guest is asked; with `-w` xl waits for as long as it takes. */
function asking(what: 'poweroff' | 'reboot'): XlCommand {
  return async (call) => {
    const given = options(call, 'awF', 0)
    if (!given.flags.has('a')) options(call, 'awF', 1)
    const { hypervisor } = call.machine
    const domains = given.flags.has('a')
      ? hypervisor.domains()
      : given.words.map((word) => domainOf(call.machine, word, (domid) => cannotAsk(what, domid)))
    let stderr = ''
    for (const domain of domains) {
      const said = ask(call, domain, what, given.flags.has('F'))
      stderr += said.stderr
      if (said.exitCode !== 0) return { ...said, stderr }
    }
    if (!given.flags.has('w')) return { exitCode: 0, stdout: '', stderr }
    stderr += `Waiting for ${domains.length} domains\n`
    for (const domain of domains) {
      await Promise.race([domain.ended.promise, gone(call.signal)])
      stderr += `Domain ${domain.id} has been ${domain.shutdown ? `shut down, reason code ${reasonCodes[domain.shutdown]}` : 'destroyed'}\n`
    }
    return { exitCode: 0, stdout: '', stderr }
  }
}

export const shutdown = asking('poweroff')
export const reboot = asking('reboot')

function cannotAsk(what: 'poweroff' | 'reboot', domid: number): Refused {
  return new Refused(1, `${words[what].doing} domain ${domid}`, `${words[what].verb} failed (rc=-21)`)
}

function ask({ machine }: XlCall, domain: Domain, what: 'poweroff' | 'reboot', fallback: boolean): Said {
  const { doing, verb, fallback: sending, event } = words[what]
  const first = `${doing} domain ${domain.id}`
  if (machine.hypervisor.ask(domain, what)) return { ...prints(), stderr: `${first}\n` }
  if (!fallback)
    return refuses(
      1,
      first,
      `PV control interface not available: external graceful ${verb} not possible.`,
      `Use "-F" to fallback to ${event}.`,
      `${verb} failed (rc=-10)`,
    )
  domain.guest.ask(what)
  return { ...prints(), stderr: `${first}\nPV control interface not available: ${sending}\n` }
}

/** `xl destroy [-f] DOMAIN` */
export const destroy: XlCommand = async (call) => {
  const [word = ''] = options(call, 'f', 1).words
  if (domidOf(call.machine, word) === 0) return refuses(1, 'Cannot destroy privileged domain 0.', '')
  const domain = domainOf(call.machine, word, (domid) => new Refused(1, ...notThere(domid), 'destroy failed (rc=-21)'))
  await call.machine.hypervisor.destroy(domain)
  return prints()
}

/** `xl pause DOMAIN`: its exit code says nothing, nor does that of the others here. */
export const pause: XlCommand = (call) => {
  const [word = ''] = options(call, '', 1).words
  const domid = domidOf(call.machine, word)
  const domain = call.machine.hypervisor.byId(domid)
  if (!domain)
    return complains(libxlError('libxl_domain.c:626:libxl_domain_pause', domid, 'Pausing domain: No such process'))
  call.machine.hypervisor.pause(domain)
  return prints()
}

export const unpause: XlCommand = (call) => {
  const [word = ''] = options(call, '', 1).words
  const domid = domidOf(call.machine, word)
  const domain = call.machine.hypervisor.byId(domid)
  if (domain && call.machine.hypervisor.unpause(domain)) return prints()
  const why = domain ? 'Invalid argument' : 'No such process'
  return complains(libxlError('libxl_domain.c:688:domain_unpause_done', domid, `Unpausing domain: ${why}`))
}

/** `xl trigger DOMAIN power|reset|nmi|…` */
export const trigger: XlCommand = (call) => {
  const [word = '', what = ''] = options(call, '', 2).words
  const domid = domidOf(call.machine, word)
  if (!['nmi', 'reset', 'init', 'power', 'sleep', 's3resume'].includes(what))
    return refuses(2, `Invalid trigger "${what}"`)
  const domain = call.machine.hypervisor.byId(domid)
  if (!domain)
    return complains(
      libxlError('libxl_domain.c:1521:libxl_send_trigger', domid, `Send trigger '${what}' failed: No such process`),
    )
  if (what === 'power' || what === 'reset') domain.guest.ask(what === 'power' ? 'poweroff' : 'reboot')
  return prints()
}

/** `xl sysrq DOMAIN LETTER`: `b` reboots a Linux guest at once, `o` switches it off, `c` crashes it. */
export const sysrq: XlCommand = (call) => {
  const [word = '', letter = ''] = options(call, '', 2).words
  const domain = domainOf(call.machine, word, (domid) => new Refused(1, `Domain ${domid} does not exist.`))
  if (letter.length !== 1) return refuses(1, 'Invalid sysrq.', '')
  const ending = { b: 'reboot', o: 'poweroff', c: 'crash' }[letter]
  if (ending !== undefined && domain.guest.phase() === 'up') domain.guest.end(ending as 'reboot' | 'poweroff' | 'crash')
  return prints()
}

/** Says that it failed, and exits as if it had not. */
function complains(line: string): Said {
  return { exitCode: 0, stdout: '', stderr: `${line}\n` }
}

function gone(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
