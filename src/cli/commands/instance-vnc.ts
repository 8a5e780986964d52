import { InstanceScreen } from '../../contract/cloud-instance.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'INSTANCE',
  about:
    'Says where the screen of an instance is, and its password. It listens on its host alone, so one looks at it through ssh.',
  examples: ['slipway instance vnc shop.db'],
  options: {},
  words: [1, 1],
  async run({ words: [name = ''], json }) {
    const screen = await withClient((client) =>
      client.get(InstanceScreen, `/instances/${encodeURIComponent(name)}/screen`),
    )
    if (json) {
      printJson(screen)
      return 0
    }
    const { host, address, password } = screen
    print(`${address} on ${host}, password ${password}`)
    print(`ssh -N -L 5900:${address} ${host}    # then look at localhost:5900`)
    return 0
  },
}
