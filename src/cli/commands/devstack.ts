import { runDevstack } from '../../devstack/devstack.ts'
import { stopSignal } from '../../platform/program.ts'
import { type Command, UsageError } from '../command.ts'

export const command: Command = {
  usage: '[--hosts 3] [--fresh]',
  about: 'Runs the real server and simulated FreeBSD hosts until Ctrl-C. A second start goes on where the first was.',
  examples: ['slipway devstack', 'slipway devstack --hosts 8 --fresh'],
  options: {
    hosts: { value: 'N', describe: 'how many hosts (3)' },
    fresh: { describe: 'forget what earlier runs left' },
    data: { value: 'DIR', describe: 'the folder for all of it (.slipway/devstack)' },
    listen: { value: 'ADDRESS', describe: "the server's address (127.0.0.1:8400, or a free port when that is taken)" },
  },
  words: [0, 0],
  async run(invocation) {
    const hosts = invocation.number('hosts') ?? 3
    if (hosts < 1 || hosts > 100) throw new UsageError('--hosts takes 1 to 100')
    await runDevstack({
      hosts,
      fresh: invocation.is('fresh'),
      data: invocation.text('data') ?? '.slipway/devstack',
      listen: invocation.text('listen'),
      signal: stopSignal(),
    })
    return 0
  },
}
