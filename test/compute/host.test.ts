import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, open, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { openSimulatedHost } from '../../src/devstack/host.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { replaceFile } from '../../src/platform/files.ts'
import { openHttp } from '../../src/platform/http.ts'
import { freebsdTools, type Tool } from '../../src/platform/tools.ts'
import { type ComputeHost, computeHostSuite } from '../suites/compute-host.ts'

const program = join(import.meta.dirname, '../../src/compute/main.ts')

/** A simulated host with compute as a process of its own. */
async function openHost(): Promise<ComputeHost> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'slw-')))
  const simulated = await openSimulatedHost({
    folder: join(folder, 'host'),
    name: 'host1',
    times: { createMs: 1, bootMs: 20, shutdownMs: 20, destroyMs: 20, deviceMs: 1 },
  })
  const { root } = simulated
  const at = (path: string) => join(root, path)
  const disk = Buffer.alloc(64 * 1024 * 1024)
  disk.write('a boot sector')
  const layer = zstdCompressSync(disk)
  const digest = sha256(layer)
  await mkdir(at('var/db/slipway/cache/sha256'), { recursive: true })
  await mkdir(at('var/db/slipway/desired'), { recursive: true })
  await mkdir(at('tmp'), { recursive: true })
  await writeFile(at(join('var/db/slipway/cache', digest.replace(':', '/'))), layer)
  await writeFile(at('usr/local/etc/slipway/compute.yaml'), 'pollSeconds: 1\nlogLevel: info\n')
  const http = openHttp({ url: 'http://compute', socketPath: at('var/run/slipway/compute.sock') })
  let compute: ReturnType<typeof spawn> | undefined

  const get: ComputeHost['get'] = async (path) => {
    const response = await http.send('GET', path)
    return [response.status, await response.text()]
  }
  const kill = async () => {
    const child = compute
    compute = undefined
    if (!child) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return {
    pool: 'zroot',
    bridge: 'bridge0',
    upText: 'login:',
    shape: { type: 'hvm', boot: { from: 'disk', firmware: 'bios' }, memoryMiB: 256 },
    image: {
      name: 'debian',
      version: '12.0.0',
      digest: sha256('manifest'),
      layer: { digest, sizeBytes: layer.length },
      virtualSizeBytes: disk.length,
    },
    exec: ([tool, ...args]) =>
      simulated.run([(freebsdTools[tool as Tool] ?? tool) as `/${string}`, ...args.map(onHost)]),
    writeFile: (path, text) => replaceFile(at(path), text.replaceAll('/dev/zvol', at('dev/zvol'))),
    readFile: (path) => readFile(at(path), 'utf8'),
    get,
    async startCompute() {
      compute = spawn(process.execPath, [program, '--root', root], {
        stdio: ['ignore', 'ignore', process.env.SLIPWAY_SAID ? 'inherit' : 'ignore'],
      })
      for (let tries = 0; ; tries++) {
        const answer = await get('/healthz').catch((error) => error)
        if (Array.isArray(answer)) return
        if (tries > 600) throw answer
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    killCompute: kill,
    type: (id, line, until) =>
      new Promise((resolve, reject) => {
        const socket = connect(at('var/run/slipway/compute.sock'))
        let said = ''
        socket.setEncoding('utf8').on('data', (text: string) => {
          if (said === '') socket.write(`${line}\n`)
          said += text
          if (!said.slice(said.indexOf('\r\n\r\n')).includes(until)) return
          socket.destroy()
          resolve(said)
        })
        socket.once('error', reject)
        socket.once('close', () => reject(new Error(`the console ended: ${said}`)))
        socket.write(
          `GET /instances/${id}/console HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: slipway-console\r\n\r\n`,
        )
      }),
    guest: (name, does) => simulated.order({ kind: 'guest', name, does }),
    async writeDisk(path, text) {
      const file = await open(at(path), 'r+')
      await file.write(text, 0)
      await file.close()
    },
    async readDisk(path, length) {
      const file = await open(at(path), 'r')
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, 0)
      await file.close()
      return buffer.toString()
    },
    async close() {
      await kill()
      await http.close()
      await simulated.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }

  /** Programs on a simulated host put its root in front of every path. */
  function onHost(word: string): string {
    return word.startsWith('/') ? at(word) : word
  }
}

computeHostSuite('compute on a simulated host', openHost)
