import { bytes } from './print.ts'

/** Where progress is shown: stderr, so that the result on stdout stays alone. */
export interface ProgressOutput {
  isTTY?: boolean | undefined
  write(text: string): unknown
}

/** At a terminal a line is written over so often; elsewhere, in the log of a pipeline, a new one comes so seldom. */
const terminalMs = 100
const logMs = 10_000

export type ShowProgress = (doneBytes: number, totalBytes: number) => void

/**
 * The one display of a command that moves many bytes: "packed 1.0 GiB of 4.0 GiB (25 %)". Answers a function for each kind of work
 * ("packed", then "sent"), to be called as often as one likes. What is over before a pipeline's first line is due says nothing there.
 */
export function openProgress(
  output: ProgressOutput = process.stderr,
  now: () => number = Date.now,
): (done: string) => ShowProgress {
  const everyMs = output.isTTY ? terminalMs : logMs
  let last = output.isTTY ? Number.NEGATIVE_INFINITY : now()
  return (done) => {
    let ended = false
    return (doneBytes, totalBytes) => {
      const end = doneBytes >= totalBytes
      const due = now() - last >= everyMs
      if (ended || !(due || (end && output.isTTY))) return
      last = now()
      ended = end
      const percent = totalBytes === 0 ? 100 : Math.floor((100 * doneBytes) / totalBytes)
      const text = `${done} ${bytes(doneBytes)} of ${bytes(totalBytes)} (${percent} %)`
      // The line that is written over may be longer.
      output.write(output.isTTY ? `\r${text}\x1b[K${end ? '\n' : ''}` : `${text}\n`)
    }
  }
}
