import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sizeIfThere } from '../../src/platform/files.ts'

/**
 * The path of a program that is built from a Go module (`example.org/module/cmd/name@v1.2.3`), once a version and machine: it is kept in
 * the cache outside of the clone. A machine without Go fails.
 */
export async function goProgram(module: string): Promise<string> {
  const [path = '', version = ''] = module.split('@')
  const name = path.split('/').at(-1) as string
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'slipway-ci/go')
  const program = join(cache, `${name}-${version}`)
  if ((await sizeIfThere(program)) !== undefined) return program
  await mkdir(cache, { recursive: true })
  const building = await mkdtemp(join(cache, 'building-'))
  try {
    await promisify(execFile)('go', ['install', module], {
      env: { ...process.env, GOBIN: building, GOFLAGS: '-buildvcs=false -mod=mod' },
    })
    await rename(join(building, name), program)
  } finally {
    await rm(building, { recursive: true })
  }
  return program
}
