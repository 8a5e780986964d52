import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { packBundle } from '../../../src/artifact/pack-bundle.ts'
import type { ComponentConfig, ComponentFile } from '../../../src/contract/component.ts'
import type { Digest } from '../../../src/contract/digest.ts'
import { mediaTypes } from '../../../src/contract/oci.ts'
import { type ReleaseRef, type ReleaseSet, releaseSetText } from '../../../src/contract/release-set.ts'
import { sha256, sha256OfFile } from '../../../src/platform/digest.ts'

/** A release as a registry has it, and as it is in the folder that was packed. */
export interface TestRelease {
  ref: ReleaseRef
  config: ComponentConfig
  folder: string
  manifest: string
  blobs: ReadonlyMap<Digest, Buffer>
}

const anywhere = { os: '*', architecture: '*', 'os.version': '*' } as const

/** Packs a release of `files`, as `slipway publish` does. */
export async function makeRelease(
  workshop: string,
  version: string,
  component: Partial<ComponentFile> & { name: string },
  files: Readonly<Record<string, string | Buffer>>,
): Promise<TestRelease> {
  const folder = join(workshop, `${component.name}-${version}`)
  const { name } = component
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content, { mode: path.endsWith('.sh') ? 0o755 : 0o644 })
  }
  const bundle = `${folder}.bundle`
  const packed = await packBundle(folder, bundle)
  const defaults = { platform: anywhere, requires: {}, services: [], links: [], health: [], configuration: [] }
  const config: ComponentConfig = { ...defaults, ...component, version, ...packed }
  const configBytes = Buffer.from(JSON.stringify(config))
  const bundleDigest = await sha256OfFile(bundle)
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: mediaTypes.component,
    config: { mediaType: mediaTypes.componentConfig, digest: sha256(configBytes), size: configBytes.length },
    layers: [{ mediaType: mediaTypes.bundle, digest: bundleDigest, size: (await stat(bundle)).size }],
  })
  const blobs = new Map([
    [sha256(configBytes), configBytes],
    [bundleDigest, await readFile(bundle)],
  ])
  return { ref: { name, version, digest: sha256(manifest) }, config, folder, manifest, blobs }
}

/** The set of some releases. */
export function setOf(...releases: readonly TestRelease[]): ReleaseSet {
  const components = releases.map(({ ref }) => ref).sort((a, b) => (a.name < b.name ? -1 : 1))
  return { digest: sha256(releaseSetText(components)), components }
}

/** `rc`: the script through which the service slipway_compute is started. */
export function makeRc(workshop: string, version: string): Promise<TestRelease> {
  const script = 'exec sh "$1/var/db/slipway/current/compute/run.sh" "$1"\n'
  return makeRelease(
    workshop,
    version,
    { name: 'rc', links: [{ path: '/usr/local/etc/rc.d/slipway_compute', target: 'rc.d/slipway_compute' }] },
    { 'rc.d/slipway_compute': `# rc ${version}\n${script}` },
  )
}

export interface ComputeOptions {
  /** What the check of the release does, as sh. By default it asks whether this version runs. */
  check?: string
  component?: Partial<ComponentFile>
}

/** `compute`: a daemon that says in a file which version runs, and waits. */
export function makeCompute(workshop: string, version: string, options: ComputeOptions = {}): Promise<TestRelease> {
  const told = '../../../../../run/slipway_compute.version'
  const check = options.check ?? `[ "$(cat ${told} 2>/dev/null)" = ${version} ] || { echo not yet; exit 21; }`
  return makeRelease(
    workshop,
    version,
    {
      name: 'compute',
      requires: { rc: '*' },
      services: ['slipway_compute'],
      health: [
        { name: 'version', kind: 'command', program: 'check.sh' },
        { name: 'running', kind: 'service', service: 'slipway_compute' },
      ],
      ...options.component,
    },
    {
      'run.sh': `echo ${version} >"$1/var/run/slipway_compute.version"\nexec sleep 300\n`,
      'check.sh': `#!/bin/sh\n${check}\n`,
    },
  )
}

let program: Promise<string> | undefined

/** The agent in one file, bundled as the build does it. */
function agentProgram(): Promise<string> {
  program ??= build({
    entryPoints: [join(import.meta.dirname, '../../../src/agent/main.ts')],
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    keepNames: true,
    define: { 'import.meta.main': 'false' },
    banner: { js: "const require=(await import('node:module')).createRequire(import.meta.url);" },
    write: false,
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? '')
  return program
}

/** `agent`: the real one, or a program that stands for it. */
export async function makeAgent(workshop: string, version: string, main?: string): Promise<TestRelease> {
  return makeRelease(
    workshop,
    version,
    { name: 'agent', health: [{ name: 'answers', kind: 'http', socket: 'agent.sock', path: '/healthz' }] },
    { 'main.js': main ?? (await agentProgram()), 'package.json': '{"type":"module"}' },
  )
}
