import { emitKeypressEvents, type Key } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import type { Line, Size } from './frame.ts'

export interface Screen {
  size(): Size
  draw(lines: readonly Line[]): void
  /** Gives the terminal back as it was. */
  close(): void
}

export interface ScreenOptions {
  stdin: ReadStream
  stdout: WriteStream
  /** A letter, or the name of a key: "left". Ctrl-C is `q`, since a terminal that gives single keys makes no signal of it. */
  onKey(key: string): void
  onResize(): void
  /** The terminal is gone. */
  onGone(): void
}

// ECMA-48 and xterm: the alternate screen, so that what stood in the window comes back; without a cursor.
const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'
// Shown all at once by terminals that know this (2026, "synchronized output"), overlooked by the others.
const begin = '\x1b[?2026h\x1b[H'
const end = '\x1b[J\x1b[?2026l'

/** What draws the lines: from the top left, each to its end, so that nothing is blank in between. */
export function drawing(lines: readonly Line[]): string {
  const styled = lines.map(({ text, isHead }) => `${isHead ? `\x1b[7m${text}\x1b[0m` : text}\x1b[K`)
  return `${begin}${styled.join('\r\n')}${end}`
}

/** Takes the terminal for a program that fills it. It is given back when the process ends, in whatever way it does by itself. */
export function openScreen({ stdin, stdout, onKey, onResize, onGone }: ScreenOptions): Screen {
  let open = true
  const onPress = (_text: string | undefined, { name, ctrl }: Key) => {
    if (ctrl) {
      if (name === 'c') onKey('q')
    } else if (name) onKey(name)
  }
  function close(): void {
    if (!open) return
    open = false
    process.off('exit', close).off('SIGHUP', onGone)
    stdout.off('resize', onResize)
    if (stdin.isTTY) {
      stdin.off('keypress', onPress).off('end', onGone)
      stdin.setRawMode(false).pause()
    }
    stdout.write(leave)
  }
  process.on('exit', close).on('SIGHUP', onGone)
  stdout.on('resize', onResize)
  stdout.write(enter)
  if (stdin.isTTY) {
    emitKeypressEvents(stdin)
    stdin.setRawMode(true).on('keypress', onPress).on('end', onGone).resume()
  }
  return {
    // A terminal that does not know its size (a serial line) is taken for a usual one. The last column stays free: terminals wrap there.
    size: () => ({ width: (stdout.columns || 80) - 1, height: stdout.rows || 24 }),
    draw: (lines) => void stdout.write(drawing(lines)),
    close,
  }
}
