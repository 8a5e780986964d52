import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../../platform/files.ts'
import type { Domain } from './domain.ts'

/** The logs that each `xl create` goes on writing: /var/log/xen/xl-NAME.log. */
export interface MonitorLog {
  add(domain: Domain, ...lines: string[]): void
}

export function openMonitorLog(root: string): MonitorLog {
  const folder = join(root, 'var/log/xen')
  let last: Promise<unknown> = Promise.resolve()
  return {
    add({ config }, ...lines) {
      const file = join(folder, `xl-${config.name}.log`)
      // A machine that is gone keeps no logs.
      last = last
        .then(() => makeFolder(folder))
        .then(() => appendFile(file, lines.map((line) => `${line}\n`).join('')))
        .catch(() => {})
    },
  }
}
