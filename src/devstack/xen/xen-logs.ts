import { appendFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder } from '../../platform/files.ts'
import type { Domain } from './domain.ts'

/** The logs below /var/log/xen. */
export interface XenLogs {
  /** What each `xl create` goes on writing: xl-NAME.log. */
  add(domain: Domain, ...lines: string[]): void
  /** What a guest prints on its console, in console/guest-NAME.log when xenconsoled keeps it. */
  printed(domain: Domain, text: string): void
  /** The machine is gone: resolves when what was said is written, and nothing is written any more. */
  close(): Promise<void>
}

export function openXenLogs(root: string, { consoleLog }: { consoleLog: boolean }): XenLogs {
  const folder = join(root, 'var/log/xen')
  let last: Promise<void> = Promise.resolve()
  let closed = false

  function append(file: string, text: string): void {
    if (closed) return
    // No machine stops for want of a log.
    last = last
      .then(() => makeFolder(dirname(file)))
      .then(() => appendFile(file, text))
      .catch(() => {})
  }

  return {
    add: ({ config }, ...lines) =>
      append(join(folder, `xl-${config.name}.log`), lines.map((line) => `${line}\n`).join('')),
    printed({ config }, text) {
      if (consoleLog) append(join(folder, `console/guest-${config.name}.log`), text)
    },
    close() {
      closed = true
      return last
    },
  }
}
