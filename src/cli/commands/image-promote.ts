import { ImagePointer } from '../../contract/cloud-instance.ts'
import { withClient } from '../client.ts'
import { type Command, readReference } from '../command.ts'
import { print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'IMAGE@VERSION CHANNEL',
  about:
    'Points a channel to a version of an image. Stacks that name the channel take that version when they are applied the next time; instances\n' +
    'that run are left as they are.',
  examples: ['slipway image promote freebsd-15@15.1.0 stable'],
  options: {},
  words: [2, 2],
  async run({ words: [reference = '', channel = ''], json }) {
    const { component: image, version } = readReference(reference)
    const path = `/images/${encodeURIComponent(image)}/channels/${encodeURIComponent(channel)}`
    const pointer = await withClient((client) => client.post(ImagePointer, path, { version }))
    if (json) printJson(pointer)
    else print(`the channel ${channel} of ${image} means ${version}`)
    return 0
  },
}
