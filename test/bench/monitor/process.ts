import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Usage, usageOf } from './usage.ts'

/** A part of the bench in a process of its own. */
export interface BenchProcess {
  usage(): Promise<Usage>
  end(): Promise<void>
}

/** One that serves a page, and says where in its first message. */
export interface PageProcess extends BenchProcess {
  address(): Promise<string>
}

/** Starts a file of this folder. What it says goes to our own stderr. */
export function startPage(file: string, ...words: string[]): PageProcess {
  const child = fork(join(import.meta.dirname, file), words)
  const message = once(child, 'message')
  const { failed, ...process } = watched(child, `${file} ${words.join(' ')}`)
  return { ...process, address: async () => (await Promise.race([message, failed]))[0].address }
}

const deploy = join(import.meta.dirname, '../../../deploy')

/** Starts the program of a component as its rc.d script does: the bundle that ships, with the same options of Node. */
export async function startDaemon(component: string, components: string, root: string): Promise<BenchProcess> {
  const script = await readFile(join(deploy, 'rc.d', `slipway_${component}`), 'utf8')
  const options = /\/usr\/local\/bin\/node (.*)\/var\/db\//.exec(script)?.[1]
  if (options === undefined) throw new Error(`the rc.d script of ${component} starts no node`)
  const words = [...options.split(' ').filter(Boolean), join(components, component, 'main.js'), '--root', root]
  const { failed: _, ...daemon } = watched(spawn(process.execPath, words, { stdio: 'inherit' }), component)
  return daemon
}

function watched(child: ChildProcess, name: string): BenchProcess & { failed: Promise<never> } {
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with ${code}`)
  })
  failed.catch(() => {})
  return {
    failed,
    usage: () => Promise.race([usageOf(child.pid as number), failed]),
    async end() {
      child.kill('SIGTERM')
      await failed.catch(() => {})
    },
  }
}
