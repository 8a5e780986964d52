import { once } from 'node:events'
import { AppError } from '../../contract/errors.ts'
import { OpenedStream } from '../../contract/stream.ts'
import { stopSignal } from '../../platform/program.ts'
import type { Stream } from '../../platform/web-socket.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'

/** ^], by which one leaves telnet and `xl console` too. */
const leaveKey = 0x1d
const normal = 1000
/** How long nothing must come after the end of the input until one leaves. */
const quietMs = 2000

export const command: Command = {
  usage: 'NAME',
  about:
    'Joins this terminal to the console of an instance. Leave with ^] (Ctrl and the right square bracket); the instance goes on. Of a script it takes the standard input, and ends when that has ended and nothing came for two seconds.',
  examples: ['slipway instance console web.front-0', 'echo uptime | slipway instance console web.front-0'],
  options: {},
  words: [1, 1],
  async run({ words: [name = ''] }) {
    const signal = stopSignal()
    const { code, reason } = await withClient(async (client) => {
      const { id, ticket } = await client.post(OpenedStream, `/instances/${encodeURIComponent(name)}/console`, {})
      const stream = await client.dial(`/streams/${id}`, [ticket], signal)
      process.stderr.write(`console of ${name}; leave with ^]\n`)
      return joinTerminal(stream)
    })
    process.stderr.write('\n')
    if (code === normal || signal.aborted) return 0
    throw new AppError('peer-refused', `the console of ${name} ended: ${reason || 'the connection was cut'}`)
  },
}

/** Keys go there, text comes back, until one of both ends. */
async function joinTerminal({ bytes, ended, close }: Stream): Stream['ended'] {
  const { stdin, stdout } = process
  let leaving: NodeJS.Timeout | undefined
  bytes.on('data', (text: Buffer) => {
    leaving?.refresh()
    if (!stdout.write(text)) {
      bytes.pause()
      void once(stdout, 'drain').then(() => bytes.resume())
    }
  })
  const onKeys = (keys: Buffer) => {
    const at = stdin.isTTY ? keys.indexOf(leaveKey) : -1
    if (at !== 0) bytes.write(at < 0 ? keys : keys.subarray(0, at))
    if (at >= 0) close(normal)
  }
  if (stdin.isTTY) stdin.setRawMode(true)
  // A script's input ends; what it asked for is still to be answered.
  const onEnd = () => {
    leaving = setTimeout(() => close(normal), quietMs)
  }
  stdin.on('data', onKeys).once('end', onEnd)
  try {
    return await ended
  } finally {
    clearTimeout(leaving)
    stdin.off('data', onKeys).off('end', onEnd).pause()
    if (stdin.isTTY) stdin.setRawMode(false)
  }
}
