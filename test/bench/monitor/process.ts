import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Usage } from './usage.ts'

/** A part of the bench in a process of its own. */
export interface BenchProcess {
  /** Its first message. */
  address(): Promise<string>
  usage(): Promise<Usage>
  end(): Promise<void>
}

/** Starts a file of this folder. What it says goes to our own stderr. */
export function startProcess(file: string, ...words: string[]): BenchProcess {
  const child: ChildProcess = fork(join(import.meta.dirname, file), words)
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} ${words.join(' ')} ended with ${code}`)
  })
  ended.catch(() => {})
  const next = async () => (await Promise.race([once(child, 'message'), ended]))[0]
  return {
    address: async () => (await next()).address,
    async usage() {
      const answer = next()
      child.send('usage')
      return answer
    },
    async end() {
      child.kill('SIGTERM')
      await ended.catch(() => {})
    },
  }
}
