import { unlink } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseJson } from '../contract/parse.ts'
import { listFolder, readTextIfThere, remove } from '../platform/files.ts'
import { type Machine, MachineFacts } from './machine.ts'
import { openServices } from './rc/services.ts'
import { type ShimCall, shimSocket } from './shim-protocol.ts'
import type { Said } from './tools/said.ts'
import { simulatedTools } from './tools/table.ts'

/** A simulated host that is switched on. */
export interface Simulator {
  /** Shuts the host down in order. */
  stop(): Promise<void>
}

/**
 * Switches a simulated host on: answers its shims, clears /var/run as a boot does, and starts the services that rc.conf enables.
 * `root` is the short path of a folder that `prepareHostFolder` made. The processes that it starts belong to the group of this
 * process.
 */
export async function startSimulator(root: string): Promise<Simulator> {
  const text = (await readTextIfThere(join(root, '.simulator/machine.json'))) ?? ''
  const machine: Machine = {
    root,
    facts: parseJson(MachineFacts, text, `${root}/.simulator/machine.json`),
    bootedAt: new Date(),
    sysctls: new Map(),
    services: openServices(root),
  }
  for (const name of await listFolder(join(root, 'var/run'))) await remove(join(root, 'var/run', name))
  const server = await listen(join(root, shimSocket), (socket) => answer(socket, machine))
  await machine.services.boot()
  return {
    async stop() {
      await machine.services.shutdown()
      server.close()
    },
  }
}

async function answer(socket: Socket, machine: Machine): Promise<void> {
  const gone = new AbortController()
  // A caller that was killed is gone; nobody waits for this answer any more.
  socket.on('error', () => {}).once('close', () => gone.abort())
  const { value: line } = await createInterface({ input: socket })[Symbol.asyncIterator]().next()
  if (line === undefined) return
  let said: Said
  try {
    const call: ShimCall = JSON.parse(line)
    const tool = simulatedTools[call.tool]
    if (!tool) throw new Error(`the simulator does not know ${call.tool}`)
    said = await tool({ arguments: call.arguments, cwd: call.cwd, signal: gone.signal }, machine)
  } catch (error) {
    // No answer of FreeBSD's: 70 is EX_SOFTWARE, an internal error.
    said = { exitCode: 70, stdout: '', stderr: `simulator: ${(error as Error).message}\n` }
  }
  socket.end(JSON.stringify(said))
}

async function listen(path: string, connected: (socket: Socket) => void): Promise<Server> {
  await unlink(path).catch(() => {})
  const server = createServer(connected)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return server
}
