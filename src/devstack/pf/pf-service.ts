import { join } from 'node:path'
import { readTextIfThere, replaceFile } from '../../platform/files.ts'
import type { Machine } from '../machine.ts'
import { assign, read } from '../rc/rc-conf.ts'
import { rcConfFiles, rcConfPath } from '../rc/rc-files.ts'
import { pfctl } from '../tools/pfctl.ts'
import { prints, refuses, type Said } from '../tools/said.ts'

const script = '/etc/rc.d/pf'
const directives = [
  'start',
  'stop',
  'restart',
  'check',
  'reload',
  'resync',
  'status',
  'rcvar',
  'enable',
  'disable',
  'enabled',
]

/** `service pf DIRECTIVE`: what the script of the base system does with pfctl, without its shell. */
export async function runPfService(machine: Machine, word: string): Promise<Said> {
  const prefix = ['fast', 'force', 'one', 'quiet'].find((each) => word.startsWith(each) && word.length > each.length)
  const directive = word.slice(prefix?.length ?? 0)
  if (!directives.includes(directive))
    return refuses(
      1,
      `${script}: unknown directive '${directive}'.`,
      `Usage: ${script} [fast|force|one|quiet](${directives.join('|')})`,
    )
  const enabled = (await variable(machine.root, 'pf_enable'))?.toUpperCase() === 'YES'
  const rules = join(machine.root, (await variable(machine.root, 'pf_rules')) ?? '/etc/pf.conf')
  const run = (...words: string[]) =>
    Promise.resolve(pfctl({ arguments: words, cwd: machine.root, signal: new AbortController().signal }, machine))
  switch (directive) {
    case 'rcvar':
      return prints('# pf', '#', `pf_enable="${enabled ? 'YES' : 'NO'}"`, '#   (default: "")')
    case 'enabled':
      return { exitCode: enabled ? 0 : 1, stdout: '', stderr: '' }
    case 'enable':
    case 'disable': {
      const file = rcConfPath(machine.root)
      await replaceFile(
        file,
        assign((await readTextIfThere(file)) ?? '', 'pf_enable', directive === 'enable' ? 'YES' : 'NO'),
      )
      return prints(`pf ${directive}d in /etc/rc.conf`)
    }
  }
  if (!enabled && prefix !== 'one' && prefix !== 'force')
    return prefix === undefined
      ? prints(
          `Cannot '${directive}' pf. Set pf_enable to YES in /etc/rc.conf or use 'one${directive}' instead of '${directive}'.`,
        )
      : prints()
  const hasRules = (await readTextIfThere(rules)) !== undefined
  if (!hasRules && ['start', 'restart', 'reload', 'check'].includes(directive))
    return refuses(1, `${script}: WARNING: ${rules} is not readable.`)
  switch (directive) {
    case 'start':
    case 'restart': {
      await run('-F', 'all')
      const loaded = await run('-f', rules)
      if (!machine.pf.kernel.switched.running) await run('-e')
      return { ...loaded, stdout: `Enabling pf.\n${loaded.stdout}` }
    }
    case 'stop': {
      const stopped = machine.pf.kernel.switched.running ? await run('-d') : prints()
      return { ...stopped, stdout: 'Disabling pf.\n', stderr: '' }
    }
    case 'check':
      return said('Checking pf rules.', await run('-n', '-f', rules))
    case 'reload': {
      const checked = await run('-n', '-f', rules)
      return said('Reloading pf rules.', checked.exitCode === 0 ? await run('-f', rules) : checked)
    }
    case 'resync':
      return run('-f', rules)
    default:
      return run('-s', 'info')
  }
}

function said(line: string, result: Said): Said {
  return { ...result, stdout: `${line}\n${result.stdout}` }
}

async function variable(root: string, name: string): Promise<string | undefined> {
  let value: string | undefined
  for (const file of rcConfFiles(root)) value = read((await readTextIfThere(file)) ?? '', name) ?? value
  return value
}
