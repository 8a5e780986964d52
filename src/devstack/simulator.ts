import { unlink } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseJson } from '../contract/parse.ts'
import { systemClock } from '../platform/clock.ts'
import { listFolder, makeFolder, readTextIfThere, remove, replaceFile } from '../platform/files.ts'
import { readBootSettings } from './boot-settings.ts'
import { type Machine, MachineFacts } from './machine.ts'
import { openMachine } from './open-machine.ts'
import { type Order, obey, orderTool } from './orders.ts'
import { runPfService } from './pf/pf-service.ts'
import { type ShimCall, shimSocket } from './shim-protocol.ts'
import { prints, type Said } from './tools/said.ts'
import { simulatedTools } from './tools/table.ts'

/** A simulated host that is switched on. */
export interface Simulator {
  machine: Machine
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
  const facts = parseJson(MachineFacts, text, `${root}/.simulator/machine.json`)
  const { xen, clonedInterfaces, ...boot } = await readBootSettings(root)
  xen.present &&= facts.xen?.present !== false
  const machine = openMachine(root, { ...facts, xen: { ...facts.xen, ...xen } }, systemClock, clonedInterfaces, boot)
  // By this programs know a dom0.
  if (xen.present) {
    await makeFolder(join(root, 'dev/xen'))
    await replaceFile(join(root, 'dev/xen/xenstored'), '')
  } else await remove(join(root, 'dev/xen'))
  for (const name of await listFolder(join(root, 'var/run'))) await remove(join(root, 'var/run', name))
  if (xen.present) await makeFolder(join(root, 'var/run/xen'))
  if (facts.zfs !== null) await machine.zfs.importAll()
  const server = await listen(join(root, shimSocket), (socket) => answer(socket, machine))
  await runPfService(machine, 'faststart')
  await machine.services.boot()
  return {
    machine,
    async stop() {
      await machine.services.shutdown()
      // What still runs ends with its machine.
      await machine.hypervisor.stop()
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
    said = await run(call, machine, gone.signal)
  } catch (error) {
    // No answer of FreeBSD's: 70 is EX_SOFTWARE, an internal error.
    said = { exitCode: 70, stdout: '', stderr: `simulator: ${(error as Error).message}\n` }
  }
  socket.end(JSON.stringify(said))
}

async function run(shimCall: ShimCall, machine: Machine, signal: AbortSignal): Promise<Said> {
  const { tool: path, stdin, ...words } = shimCall
  if (path === orderTool) {
    const answer = obey(JSON.parse(shimCall.arguments[0] ?? '') as Order, machine)
    return answer === undefined ? prints() : prints(JSON.stringify(answer))
  }
  const tool = simulatedTools[path]
  if (!tool) throw new Error(`the simulator does not know ${path}`)
  const call = { ...words, signal, ...(stdin === undefined ? {} : { stdin }) }
  return (await machine.faults.meet(path, call)) ?? tool(call, machine)
}

async function listen(path: string, connected: (socket: Socket) => void): Promise<Server> {
  await unlink(path).catch(() => {})
  const server = createServer(connected)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return server
}
