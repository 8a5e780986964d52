import { Scrub, ScrubStatus } from '../../contract/scrub.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { followWork } from '../follow-work.ts'
import { counted, print, printJson } from '../print.ts'
import { tellScrub } from './scrub-status.ts'

export const command: Command = {
  usage: '',
  about:
    'The server reads every blob again, at scrubBytesPerSecond, and compares it with its digest: after trouble with a disk, say, when nobody wants to wait\n' +
    'for scrubDays. It goes on when this command is ended. The exit code is 1 when a blob is damaged.',
  examples: ['slipway scrub run'],
  options: {},
  words: [0, 0],
  async run({ json }) {
    const { scrub, status } = await withClient(async (client) => ({
      scrub: await followWork(client, Scrub, '/scrubs', { doing: 'read' }),
      status: await client.get(ScrubStatus, '/scrub'),
    }))
    if (json) printJson({ ...scrub, status })
    else {
      print(`${counted(scrub.blobs, 'blob')} read again; ${scrub.damaged} of them damaged`)
      tellScrub(status)
    }
    return status.damaged.length > 0 ? 1 : 0
  },
}
