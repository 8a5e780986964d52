import { connect } from 'node:net'
import { AppError } from '../contract/errors.ts'
import { makeFolder, remove } from '../platform/files.ts'
import { json, serveSocket } from '../platform/serve.ts'
import { lockSuffix, shortRoot } from './short-root.ts'

/**
 * Takes the folder of a devstack for this process alone; returns what gives it back. The lock is a socket that somebody listens on, so
 * it dies with the process.
 * @throws AppError conflict when another process has it
 */
export async function lockFolder(data: string): Promise<() => Promise<void>> {
  await makeFolder(data)
  const root = await shortRoot(data)
  const path = root + lockSuffix
  if (await answers(path))
    throw new AppError(
      'conflict',
      `another devstack is at work in ${data}; stop it, or choose another folder with --data`,
    )
  const serving = await serveSocket(path, { 'GET /': () => json({ pid: process.pid }) })
  return async () => {
    await serving.close()
    await remove(root)
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
