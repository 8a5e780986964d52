import { constants, open } from 'node:fs'
import { stat } from 'node:fs/promises'
import { connect, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { isatty, ReadStream } from 'node:tty'
import { promisify } from 'node:util'
import { AppError } from '../contract/errors.ts'

const openDescriptor = promisify(open)

/**
 * Opens a terminal for reading and writing; a pipe or a unix socket may stand for one. None of its bytes are changed on the way, and no
 * thread waits for them: a silent terminal costs nothing.
 * @throws AppError not-found (it is not there any more) | command-failed
 */
export async function openTerminal(path: string): Promise<Duplex> {
  try {
    if ((await stat(path)).isSocket()) return connect(path)
    // O_NOCTTY: else the terminal could become ours, and its end would be the end of this program.
    const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK
    const descriptor = await openDescriptor(path, flags)
    if (!isatty(descriptor)) return new Socket({ fd: descriptor, readable: true, writable: true })
    const terminal = new ReadStream(descriptor)
    terminal.setRawMode(true)
    return terminal
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const gone = code === 'ENOENT' || code === 'ENXIO' || code === 'EIO'
    throw new AppError(gone ? 'not-found' : 'command-failed', `cannot open the terminal ${path}: ${message}`, { cause })
  }
}
