import { join } from 'node:path'

/*
 * The server's data folder:
 *
 *     admin-token        the first token, written once (0600)
 *     slipway.sqlite     facts (with -wal and -shm beside it while the server runs)
 *     blobs/ uploads/    bytes, see registry/blobs-fs.ts
 */

export function databaseFile(dataFolder: string): string {
  return join(dataFolder, 'slipway.sqlite')
}
