import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { sha256OfFile } from '../../../src/platform/digest.ts'

const run = promisify(execFile)

/** Runs skopeo. */
export function skopeo(...args: string[]) {
  return run('skopeo', ['--insecure-policy', ...args])
}

/** An image of two layers, made by umoci: some files, and one large one that does not compress. Answers its OCI layout, in which its name is `made`. */
export async function makeImage(folder: string, largeBytes: number): Promise<string> {
  const layout = join(folder, 'layout')
  const bundle = join(folder, 'bundle')
  await run('umoci', ['init', '--layout', layout])
  await run('umoci', ['new', '--image', `${layout}:made`])
  await run('umoci', ['unpack', '--rootless', '--image', `${layout}:made`, bundle])
  await mkdir(join(bundle, 'rootfs/etc'), { recursive: true })
  await writeFile(join(bundle, 'rootfs/etc/motd'), 'hello\n')
  await run('umoci', ['repack', '--refresh-bundle', '--image', `${layout}:made`, bundle])
  await writeFile(join(bundle, 'rootfs/large'), randomBytes(largeBytes))
  await run('umoci', ['repack', '--image', `${layout}:made`, bundle])
  // umoci leaves the blobs of the steps before; a copy holds those of the image alone.
  const clean = join(folder, 'image')
  await skopeo('copy', `oci:${layout}:made`, `oci:${clean}:made`)
  return clean
}

/** The blobs of a layout, each of which is what its name says. */
export async function blobsOf(layout: string): Promise<string[]> {
  const names = await readdir(join(layout, 'blobs/sha256'))
  for (const name of names) expect(await sha256OfFile(join(layout, 'blobs/sha256', name))).toBe(`sha256:${name}`)
  return names.sort()
}
