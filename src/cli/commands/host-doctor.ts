import { thisHost } from '../checked-host.ts'
import type { Command } from '../command.ts'
import { print, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '[--root DIR]',
  about:
    'Checks what this host needs in order to run instances and their networks, and says how to mend what is missing. Changes nothing.',
  examples: ['slipway host doctor', 'slipway host doctor --json'],
  options: { root: { value: 'DIR', describe: 'the folder that stands for / (a simulated host)' } },
  words: [0, 0],
  async run(invocation) {
    const checks = await (await thisHost(invocation.text('root') ?? '/')).check()
    const bad = checks.filter(({ good }) => !good)
    if (invocation.json) printJson(checks)
    else {
      printTable(
        { CHECK: ({ name }) => name, GOOD: ({ good }) => (good ? 'yes' : 'NO'), FOUND: ({ found }) => found },
        checks,
      )
      for (const { name, mend } of bad) print(`\n${name}: ${mend}`)
    }
    return bad.length === 0 ? 0 : 1
  },
}
