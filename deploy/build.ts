/**
 * `npm run build`: makes what ships, below dist/. `npm run build -- [--out DIR] [PART…]` makes some parts, or elsewhere.
 *
 *     dist/components/<name>/   the folders that `slipway publish` packs: component.json, programs, scripts
 *     dist/*.js, dist/rc/       the command, and what the devstack starts beside it, for installations from npm
 *     dist/web/                 the page that the server serves
 *
 * The same tree gives the same bytes. Each output is made aside and renamed into place, so a build that is killed, or two
 * at once, leave no half output.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, cp, glob, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type BuildOptions, build as esbuild } from 'esbuild'
import { ComponentFile } from '../src/contract/component.ts'
import { AppError } from '../src/contract/errors.ts'
import { parseJson } from '../src/contract/parse.ts'

const top = dirname(import.meta.dirname)
const { values: options, positionals: chosen } = parseArgs({
  options: { out: { type: 'string', default: join(top, 'dist') } },
  allowPositionals: true,
})
const dist = resolve(options.out)
const workshop = join(dist, `.building-${process.pid}`)

interface Component {
  /** The program that becomes main.js. */
  entry?: string
  /** Files beside those of deploy/components/<name>: where in the bundle, and from where. */
  files: Readonly<Record<string, string>>
}

const components: Readonly<Record<string, Component>> = {
  // Launcher and rc.d script of the agent are copied out when a host is installed, and belong to no release after that.
  agent: {
    entry: 'src/agent/main.ts',
    files: { 'agent-launcher': 'deploy/host/agent-launcher', 'rc.d/slipway_agent': 'deploy/rc.d/slipway_agent' },
  },
  compute: { entry: 'src/compute/main.ts', files: {} },
  network: { entry: 'src/network/main.ts', files: {} },
  rc: {
    files: {
      'rc.d/slipway_compute': 'deploy/rc.d/slipway_compute',
      'rc.d/slipway_guests': 'deploy/rc.d/slipway_guests',
      'rc.d/slipway_network': 'deploy/rc.d/slipway_network',
    },
  },
}

/** What the command consists of, below dist/: programs that are bundled, files that are taken as they are. */
const command = {
  programs: {
    'slipway.js': 'src/cli/main.ts',
    'simulator-main.js': 'src/devstack/simulator-main.ts',
    'power-cut.js': 'src/devstack/power-cut.ts',
  },
  files: { 'shim.js': 'src/devstack/shim.js', 'rc/rc.subr': 'src/devstack/rc/rc.subr' },
}

const bundling: BuildOptions = {
  absWorkingDir: top,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Names stay as they are written, for stack traces: short ones with `keepNames` took a tenth of the server's time, and 18 MiB.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  sourcesContent: false,
  // Inlined modules would all take themselves for the program's entry.
  define: { 'import.meta.main': 'false' },
  // What CommonJS packages expect to find.
  banner: {
    js: "const require=(await import('node:module')).createRequire(import.meta.url);const __filename=import.meta.filename,__dirname=import.meta.dirname;",
  },
  // The error that is thrown says it all.
  logLevel: 'silent',
  write: false,
}

const parts: Readonly<Record<string, () => Promise<void>>> = {
  ...Object.fromEntries(Object.entries(components).map(([name, it]) => [name, () => buildComponent(name, it)])),
  command: buildCommand,
  web: buildWeb,
}

async function main(): Promise<void> {
  const unknown = chosen.find((part) => !Object.hasOwn(parts, part))
  if (unknown !== undefined)
    throw new AppError('input-invalid', `there is no part ${unknown}; the parts are ${Object.keys(parts).join(', ')}`)
  await removeAbandoned()
  await mkdir(workshop, { recursive: true })
  try {
    for (const [part, build] of Object.entries(parts)) if (chosen.length === 0 || chosen.includes(part)) await build()
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

async function buildComponent(name: string, { entry, files }: Component): Promise<void> {
  const folder = join(workshop, name)
  await cp(join(top, 'deploy/components', name), folder, { recursive: true })
  for (const [to, from] of Object.entries(files)) await cp(join(top, from), join(folder, to))
  if (entry !== undefined) {
    await bundle(entry, `dist/components/${name}/main.js`, folder)
    // Without it Node would have to guess that main.js is a module.
    await writeFile(join(folder, 'package.json'), '{"type":"module"}\n')
  }
  await checkComponent(name, folder)
  await setModes(folder)
  await replace(folder, join(dist, 'components', name))
}

/** A bundle that no host could use must not leave the build. */
async function checkComponent(name: string, folder: string): Promise<void> {
  const what = `deploy/components/${name}/component.json`
  const file = parseJson(ComponentFile, await readFile(join(folder, 'component.json'), 'utf8'), what)
  if (file.name !== name) throw new AppError('input-invalid', `${what} names the component ${file.name}`)
  const targets = [...file.links.map(({ target }) => target), ...file.configuration]
  const missing = targets.find((target) => !existsSync(join(folder, target)))
  if (missing !== undefined) throw new AppError('input-invalid', `${what} names ${missing}, which is not in the bundle`)
}

async function buildCommand(): Promise<void> {
  const folder = join(workshop, 'command')
  for (const [name, entry] of Object.entries(command.programs)) await bundle(entry, `dist/${name}`, folder)
  for (const [to, from] of Object.entries(command.files)) await cp(join(top, from), join(folder, to))
  for (const name of await readdir(folder)) await replace(join(folder, name), join(dist, name))
}

/** Bundles a program into one file, as it will be in `outfile`, and writes it and its source map into `folder`. */
async function bundle(entry: string, outfile: string, folder: string): Promise<void> {
  const { outputFiles = [] } = await esbuild({ ...bundling, entryPoints: [entry], outfile })
  await mkdir(folder, { recursive: true })
  for (const { path, contents } of outputFiles) await writeFile(join(folder, basename(path)), contents)
}

/** The page takes seconds to build, so it is built only when something that it is made of has changed. */
async function buildWeb(): Promise<void> {
  const place = join(dist, 'web')
  const inputs = await digestOf(['web/**', 'src/contract/**', 'package-lock.json', 'deploy/build.ts'])
  const mark = join(dist, 'web.inputs')
  const known = await readFile(mark, 'utf8').catch(() => undefined)
  if (known !== inputs || !existsSync(join(place, 'index.html'))) {
    const { build } = await import('vite')
    const outDir = join(workshop, 'web')
    await build({
      configFile: join(top, 'web/vite.config.ts'),
      logLevel: 'warn',
      build: { outDir, emptyOutDir: false },
    })
    await rm(mark, { force: true })
    await replace(outDir, place)
    await writeFile(mark, inputs)
  } else tell(place, await bytesOf(place))
}

async function digestOf(patterns: string[]): Promise<string> {
  const hash = createHash('sha256')
  const names: string[] = []
  for await (const name of glob(patterns, { cwd: top })) names.push(name)
  for (const name of names.sort())
    if ((await stat(join(top, name))).isFile()) hash.update(`${name}\0`).update(await readFile(join(top, name)))
  return hash.digest('hex')
}

/** Scripts are executable, everything else is not, whatever the umask or the checkout says. */
async function setModes(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const isScript = entry.isFile() && (await readFile(path)).subarray(0, 2).toString() === '#!'
    await chmod(path, entry.isDirectory() || isScript ? 0o755 : 0o644)
  }
}

/** Puts a finished file or folder in the place of the old one. */
async function replace(fresh: string, place: string): Promise<void> {
  const bytes = await bytesOf(fresh)
  await mkdir(dirname(place), { recursive: true })
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(place, join(workshop, `old-${attempt}-${basename(place)}`)).catch(unlessCode('ENOENT'))
      await rename(fresh, place)
      break
    } catch (error) {
      // Another build was faster between the two renames: its output makes way in the next turn.
      if (attempt === 10) throw error
      unlessCode('ENOTEMPTY', 'EEXIST')(error)
    }
  }
  tell(place, bytes)
}

function tell(place: string, bytes: number): void {
  process.stdout.write(`${relative(top, place).padEnd(24)} ${String(Math.ceil(bytes / 1024)).padStart(6)} KiB\n`)
}

/** Takes an error with one of the codes for an answer, and throws every other. */
function unlessCode(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

async function bytesOf(path: string): Promise<number> {
  const facts = await stat(path)
  if (!facts.isDirectory()) return facts.size
  const sizes = (await readdir(path)).map((name) => bytesOf(join(path, name)))
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** What builds that were killed left behind. */
async function removeAbandoned(): Promise<void> {
  if (!existsSync(dist)) return
  for (const name of await readdir(dist)) {
    const pid = Number(name.match(/^\.building-(\d+)$/)?.[1] ?? 0)
    if (pid > 0 && !isAlive(pid)) await rm(join(dist, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`the build failed: ${(error as Error).message}\n`)
  process.exitCode = 1
}
