import { pfConf } from '../../network/host/host-checks.ts'
import { unwrittenCalls, writeCalls } from '../../network/host/prepare-pf-conf.ts'
import { lineText, unwrittenLines, writeLines } from '../../platform/config-lines.ts'
import { thisHost } from '../checked-host.ts'
import type { Command } from '../command.ts'
import { confirm } from '../confirm.ts'
import { print, printJson } from '../print.ts'

export const command: Command = {
  usage: '[--yes] [--root DIR]',
  about:
    'Writes what this host needs in order to run instances and their networks into its configuration: shows the lines first, asks, and keeps each file as it was in FILE.before-slipway. What takes no line, like a package, is told by slipway host doctor.',
  examples: ['slipway host prepare', 'slipway host prepare --yes'],
  options: {
    yes: { describe: 'do not ask' },
    root: { value: 'DIR', describe: 'the folder that stands for / (a simulated host)' },
  },
  words: [0, 0],
  async run(invocation) {
    const host = await thisHost(invocation.text('root') ?? '/')
    const wanted = (await host.check()).flatMap(({ lines }) => lines)
    // Two checks may ask for the same line.
    const distinct = [...new Map(wanted.map((line) => [`${line.file} ${line.key}`, line])).values()]
    const lines = await unwrittenLines(host.root, distinct)
    const calls = await unwrittenCalls(host)
    const files: string[] = []
    if (lines.length + calls.length > 0) {
      if (!invocation.json) {
        for (const line of lines) print(`${line.file}: ${lineText(line)}`)
        for (const call of calls) print(`${pfConf}: ${call}`)
      }
      if (!invocation.is('yes') && !(await confirm('write these lines'))) return 1
      // First what can be refused.
      if (await writeCalls(host)) files.push(pfConf)
      files.push(...(await writeLines(host.root, lines)))
    }
    if (invocation.json) printJson({ lines, calls, files })
    else if (files.length > 0) print(`written: ${files.join(', ')}; ${next(files)}, then run slipway host doctor`)
    else if (distinct.length > 0) print('all is written; reboot this host, then run slipway host doctor')
    else print('nothing has to be written')
    return 0
  },
}

function next(files: readonly string[]): string {
  return files.every((file) => file === pfConf) ? 'service pf reload' : 'reboot this host'
}
