import { bytes } from './print.ts'

/** Where progress is shown: stderr, so that the result stays alone on stdout. */
export interface ProgressOutput {
  isTTY?: boolean | undefined
  write(text: string): unknown
}

export interface Progress {
  /** For one kind of work ("packed", then "sent"), counted in bytes unless `text` says how: a function that may be called as often as one likes. */
  show(done: string, text?: (count: number) => string): (done: number, total: number) => void
  /** Ends the line that is being written over, so that what is said next has its own. */
  close(): void
}

/** At a terminal one line is written over so often; in the log of a pipeline a new one comes so seldom. */
const terminalMs = 100
const logMs = 10_000

/**
 * The one display of a command that moves many bytes: "sent 1.0 GiB of 4.0 GiB (25 %)". In a log, what is over before its first line is due
 * says nothing.
 */
export function openProgress(output: ProgressOutput = process.stderr, now: () => number = Date.now): Progress {
  const atTerminal = output.isTTY === true
  const everyMs = atTerminal ? terminalMs : logMs
  let last = atTerminal ? Number.NEGATIVE_INFINITY : now()
  let lineOpen = false
  function close(): void {
    if (lineOpen) output.write('\n')
    lineOpen = false
  }
  return {
    show: (done, text = bytes) => {
      let ended = false
      return (doneBytes, totalBytes) => {
        const end = doneBytes >= totalBytes
        if (ended || (now() - last < everyMs && !(end && atTerminal))) return
        last = now()
        ended = end
        const percent = totalBytes === 0 ? 100 : Math.floor((100 * doneBytes) / totalBytes)
        const line = `${done} ${text(doneBytes)} of ${text(totalBytes)} (${percent} %)`
        // The line that is written over may be longer.
        output.write(atTerminal ? `\r${line}\x1b[K` : `${line}\n`)
        lineOpen = atTerminal
        if (end) close()
      }
    },
    close,
  }
}
