import { join } from 'node:path'

/** Where a variable is set when no file is named. */
export function rcConfPath(root: string): string {
  return join(root, 'etc/rc.conf')
}

/** The files that every service reads, in their order; of equal names the last one counts. */
export function rcConfFiles(root: string): string[] {
  return ['etc/defaults/rc.conf', 'etc/rc.conf', 'etc/rc.conf.local'].map((path) => join(root, path))
}

/** The folders of rc scripts: those of the base system, and the local ones. */
export const scriptFolders = ['/etc/rc.d', '/usr/local/etc/rc.d'] as const
