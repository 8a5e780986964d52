import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { cutPower, familyOf, listProcesses } from '../../src/devstack/processes.ts'

const top = join(import.meta.dirname, '../..')

/** A devstack with two hosts, in a process of its own. */
export interface DevstackProcess {
  url: string
  token: string
  /** The process of its server. */
  serverPid: number
  /** The folder that stands for `/` of a host. */
  root(host: string): string
  stop(): Promise<void>
}

/** Builds the components into `folder`, starts a devstack there and answers when its hosts have settled. */
export async function startDevstack(folder: string): Promise<DevstackProcess> {
  const build = ['deploy/build.ts', '--out', join(folder, 'dist'), 'agent', 'compute', 'network', 'rc']
  await promisify(execFile)(process.execPath, build, { cwd: top })
  const data = join(folder, 'data')
  const child = spawn(
    process.execPath,
    [join(top, 'test/devstack/run-devstack.ts'), data, join(folder, 'dist/components')],
    { detached: true, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      output += `${line}\n`
      if (line.startsWith('All hosts have settled')) resolve()
    })
    child.once('close', () => reject(new Error(`the devstack ended:\n${output}`)))
  })
  const url = /listening on (\S+)/.exec(output)?.[1] ?? ''
  return {
    url,
    token: (await readFile(join(data, 'server/admin-token'), 'utf8')).trim(),
    serverPid: await serverOf(child),
    root: (host) => join(data, 'hosts', host),
    async stop() {
      const gone = once(child, 'exit')
      await cutPower(child.pid as number)
      await gone
    },
  }
}

async function serverOf(devstack: ChildProcess): Promise<number> {
  for (const pid of familyOf(devstack.pid as number, await listProcesses())) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
    if (words.some((word) => word.endsWith('/slipway.js')) && words.includes('server')) return pid
  }
  throw new Error('the devstack has no server')
}
