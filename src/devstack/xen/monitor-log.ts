import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../../platform/files.ts'
import type { Domain } from './domain.ts'

/** The logs that each `xl create` goes on writing: /var/log/xen/xl-NAME.log. */
export interface MonitorLog {
  add(domain: Domain, ...lines: string[]): void
  /** The machine is gone: resolves when what was said is written, and nothing is written any more. */
  close(): Promise<void>
}

export function openMonitorLog(root: string): MonitorLog {
  const folder = join(root, 'var/log/xen')
  let last: Promise<void> = Promise.resolve()
  let closed = false
  return {
    add({ config }, ...lines) {
      if (closed) return
      const file = join(folder, `xl-${config.name}.log`)
      // No machine stops for want of a log.
      last = last
        .then(() => makeFolder(folder))
        .then(() => appendFile(file, lines.map((line) => `${line}\n`).join('')))
        .catch(() => {})
    },
    close() {
      closed = true
      return last
    },
  }
}
