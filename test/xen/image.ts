import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { makeFolder, sizeIfThere } from '../../src/platform/files.ts'

const recipe = join(import.meta.dirname, 'image')

/**
 * The folder with what QEMU boots: xen, vmlinux, initrd-dom0 and root.img. It is kept in the cache outside of the clone, by a digest of its
 * recipe, and is built when that has changed: in two minutes, and in a quarter of an hour more when Debian has a new kernel, for whose version
 * the modules of ZFS are kept beside it.
 * @throws Error when something that the recipe needs is missing, or when building it needs root
 */
export async function image(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'slipway-ci/xen')
  const agent = await bundledAgent()
  const digest = createHash('sha256').update(process.version).update(agent)
  for (const name of (await readdir(recipe)).filter((name) => !name.endsWith('.ts')).sort())
    digest.update(name).update(await readFile(join(recipe, name)))
  const name = `image-${digest.digest('hex').slice(0, 12)}`
  const folder = join(cache, name)
  if ((await sizeIfThere(join(folder, 'root.img'))) !== undefined) return folder

  if (process.getuid?.() !== 0)
    throw new Error(`${folder} is not there, and only root can build it: run this as root once`)
  say('building the image of dom0')
  const building = join(cache, `building-${process.pid}`)
  await makeFolder(building)
  try {
    const agentFile = join(building, 'agent.js')
    await writeFile(agentFile, agent)
    await run(join(recipe, 'build.sh'), [cache, building, process.execPath, agentFile])
    await rename(building, folder)
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  // Of an older recipe: each takes half a gigabyte. A machine that runs from one has its files open, and goes on.
  for (const other of await readdir(cache))
    if (other.startsWith('image-') && other !== name) await rm(join(cache, other), { recursive: true })
  return folder
}

/** One line to whoever watches the run. */
export function say(text: string): void {
  process.stderr.write(`xen: ${text}\n`)
}

async function bundledAgent(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(recipe, 'agent.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    write: false,
  })
  return (outputFiles[0] as { contents: Uint8Array }).contents
}

async function run(program: string, args: string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 2, 2] })
  const [code, signal] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${program} ended with ${code ?? signal}; test/real/setup.sh installs what it needs`)
}
