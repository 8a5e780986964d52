import { openTerminal, type Terminal } from './terminal.ts'

/** The console of a guest. Its terminal is made when somebody asks for it first: most guests of most tests are never looked at. */
export interface Console {
  write(text: string): void
  /** The device to open; undefined once the domain is gone, or where there are no terminals. */
  path(): Promise<string | undefined>
  close(): void
}

/** What is kept for a reader who comes later. */
const keptCharacters = 16 * 1024

export function openConsole(heard: (text: string) => void): Console {
  let kept = ''
  let terminal: Terminal | undefined
  let opening: Promise<string | undefined> | undefined
  let closed = false

  async function open(): Promise<string | undefined> {
    try {
      terminal = await openTerminal(heard)
    } catch {
      return undefined
    }
    if (closed) terminal.close()
    terminal.write(kept)
    return terminal.path
  }

  return {
    write(text) {
      if (terminal) terminal.write(text)
      else kept = (kept + text).slice(-keptCharacters)
    },
    async path() {
      if (closed) return undefined
      opening ??= open()
      return opening
    },
    close() {
      closed = true
      terminal?.close()
    },
  }
}
