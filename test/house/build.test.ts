import { spawn, spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ComponentFile } from '../../src/contract/component.ts'
import { parseJson } from '../../src/contract/parse.ts'
import { sha256OfFile } from '../../src/platform/digest.ts'
import { startDaemon } from '../support/daemon-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const top = join(import.meta.dirname, '../..')
const components = ['agent', 'compute', 'network', 'rc']

/** Builds parts into `out`, under a umask that hides everything from others. */
function build(out: string, ...parts: string[]) {
  const command = ['-c', 'umask 077; exec "$@"', 'sh', process.execPath, join(top, 'deploy/build.ts'), '--out', out]
  const { status, stdout, stderr } = spawnSync('/bin/sh', [...command, ...parts], { encoding: 'utf8', cwd: '/' })
  return { status, stdout, stderr }
}

/** Every file below a folder: its path, whether it is executable, and its digest. */
async function listing(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name)
    const mode = ((await stat(path)).mode & 0o777).toString(8)
    return `${path.slice(folder.length + 1)} ${mode} ${entry.isFile() ? await sha256OfFile(path) : ''}`.trim()
  })
  return (await Promise.all(lines)).sort()
}

/** Two whole builds, in different places. */
let one: string
let two: string

beforeAll(async () => {
  one = await mkdtemp(join(tmpdir(), 'slw-'))
  two = await mkdtemp(join(tmpdir(), 'slw-'))
  for (const out of [one, two]) expect(build(out, ...components, 'command')).toMatchObject({ status: 0, stderr: '' })
}, 120_000)

afterAll(async () => {
  for (const out of [one, two]) await rm(out, { recursive: true, force: true })
})

test('the same tree gives the same bytes, scripts executable and nothing else', async () => {
  const files = await listing(one)
  expect(files).toEqual(await listing(two))
  expect(files.filter((line) => / 755 sha256:/.test(line)).map((line) => line.split(' ')[0])).toEqual([
    'components/agent/agent-launcher',
    'components/agent/rc.d/slipway_agent',
    'components/rc/rc.d/slipway_compute',
    'components/rc/rc.d/slipway_guests',
    'components/rc/rc.d/slipway_network',
    'components/rc/xen/vif-slipway',
  ])
  const bundled = files.filter((line) => line.startsWith('components/'))
  expect(bundled.filter((line) => !/ (755|644 sha256:[0-9a-f]+|755 sha256:[0-9a-f]+)$/.test(line))).toEqual([])
})

test.each(components)('%s names in component.json only what is in the bundle', async (name) => {
  const folder = join(one, 'components', name)
  const file = parseJson(ComponentFile, await readFile(join(folder, 'component.json'), 'utf8'), name)
  expect(file.name).toBe(name)
  for (const path of [...file.links.map(({ target }) => target), ...file.configuration])
    expect((await stat(join(folder, path))).isFile(), path).toBe(true)
})

test('a built program runs far from this repository, and knows the release that it stands in', async () => {
  const release = await temporaryFolder()
  await cp(join(one, 'components/compute'), release, { recursive: true })
  await writeFile(join(release, 'release.json'), JSON.stringify({ version: '4.5.6' }))
  const compute = await startDaemon(join(release, 'main.js'), 'compute', await temporaryFolder())
  expect((await compute.status()).version).toBe('4.5.6')
  expect(await compute.end('SIGTERM')).toEqual([0, null])
})

test('the command runs without this repository, and brings what the devstack starts', async () => {
  const run = spawnSync(process.execPath, [join(one, 'slipway.js'), '--help'], { encoding: 'utf8', cwd: '/' })
  expect(run).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('usage: slipway COMMAND') })
  const files = (await readdir(one, { recursive: true })).filter((name) => !/^components|\.map$/.test(name))
  expect(files.sort()).toEqual(['power-cut.js', 'rc', 'rc/rc.subr', 'shim.js', 'simulator-main.js', 'slipway.js'])
})

test('a part that there is not is told, and nothing is built', async () => {
  const out = await temporaryFolder()
  expect(build(out, 'compute', 'kompute')).toMatchObject({
    status: 1,
    stderr: 'the build failed: there is no part kompute; the parts are agent, compute, network, rc, command, web\n',
  })
  expect(await readdir(out)).toEqual([])
})

test('two builds at once into one place both end well, and leave one whole output', async () => {
  const out = await temporaryFolder()
  const once = () =>
    new Promise<number | null>((resolve) => {
      const child = spawn(process.execPath, [join(top, 'deploy/build.ts'), '--out', out, 'rc'], { stdio: 'ignore' })
      child.once('exit', resolve)
    })
  expect(await Promise.all([once(), once(), once()])).toEqual([0, 0, 0])
  expect(await listing(join(out, 'components/rc'))).toEqual(await listing(join(one, 'components/rc')))
  expect(await readdir(out)).toEqual(['components'])
})

test('what a build that was killed left is cleared by the next one, that of a living one is not', async () => {
  const out = await temporaryFolder()
  const gone = spawnSync('/bin/true').pid
  await mkdir(join(out, `.building-${gone}`))
  await mkdir(join(out, `.building-${process.pid}`))
  expect(build(out, 'rc').status).toBe(0)
  expect((await readdir(out)).sort()).toEqual([`.building-${process.pid}`, 'components'])
})
