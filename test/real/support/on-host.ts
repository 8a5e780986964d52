import { execFile } from 'node:child_process'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What somebody does who is logged in on a simulated host. */
export interface OnHost {
  name: string
  root: string
  file(path: string): string
  /** Runs a program of the host. @throws Error when it fails */
  run(path: string, words: string): Promise<string>
  service(words: string): Promise<string>
  pfctl(words: string): Promise<string>
  edit(path: string, change: (text: string) => string): Promise<void>
  /** Puts a script in the place of a program; `$program` in it is the program itself. Answers what takes it away again. */
  wrap(path: string, script: string): Promise<() => Promise<void>>
}

export function onHost(name: string, root: string): OnHost {
  const file = (path: string) => join(root, path)
  const run = async (path: string, words: string) => (await promisify(execFile)(file(path), words.split(' '))).stdout
  return {
    name,
    root,
    file,
    run,
    service: (words) => run('usr/sbin/service', words),
    pfctl: (words) => run('sbin/pfctl', words),
    edit: async (path, change) => writeFile(file(path), change(await readFile(file(path), 'utf8'))),
    async wrap(path, script) {
      const original = `${file(path)}.original`
      await rename(file(path), original)
      await writeFile(file(path), `#!/bin/sh\nprogram='${original}'\n${script}\n`, { mode: 0o755 })
      return () => rename(original, file(path))
    },
  }
}
