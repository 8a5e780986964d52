import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join, sep } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'

const top = join(import.meta.dirname, '../..')

/** What the machine's own PATH says, without the programs that npm put in front for this test run. */
const systemPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes(`node_modules${sep}`))

const commands = [
  ['node', 'src/cli/slipway.js', '--version'],
  ['npm', 'start'],
  ['npm', 'test'],
  ['npx', 'slipway', '--version'],
]

describe('on a machine whose Node is too old, without the Node that npm ci brings', () => {
  test.each(commands)('%s %s says so in one clear sentence and exits with 1', async (...command) => {
    const result = await run(command, await copy(), await pathWithOldNode())
    const own = result.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('npm '))
    expect(own).toEqual([
      expect.stringMatching(
        /^slipway needs Node\.js 24\.15 or newer, but \/.+ is 2\d\.\d+\.\d+: install a newer Node\.js, or, /,
      ),
    ])
    expect(result.exitCode).toBe(1)
    expect(result.stdout).not.toContain('reached')
  })
})

describe.runIf(existsSync(join(top, 'node_modules/.bin/node')))('with the Node that npm ci brings', () => {
  test.each(commands.slice(1))('%s %s runs on it, though a too old one is first on the PATH', async (...command) => {
    const folder = await copy()
    await symlink(join(top, 'node_modules'), join(folder, 'node_modules'))
    const result = await run(command, folder, await pathWithOldNode())
    expect(`${result.stdout}${result.stderr}`).toContain('reached the program on Node 24')
    expect(result.exitCode, result.stderr).toBe(0)
  })

  test('npx slipway --version answers in this very folder', async () => {
    const result = await run(['npx', 'slipway', '--version'], top, await pathWithOldNode())
    expect(result.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(result.exitCode, result.stderr).toBe(0)
  })
})

/** The files of this repository that stand between a command and its program; the programs only say that they were reached. */
async function copy(): Promise<string> {
  const folder = await temporaryFolder()
  const files = ['package.json', '.npmrc', 'src/cli/slipway.js', 'src/cli/node-version.js']
  for (const file of [...files, 'test/vitest.config.ts', 'test/support/node-version.ts'])
    await cp(join(top, file), join(folder, file))
  const say = "console.log('reached the program on Node', process.versions.node)"
  await mkdir(join(folder, 'deploy'))
  for (const file of ['deploy/build.ts', 'src/cli/main.ts']) await writeFile(join(folder, file), say)
  const suite = `import { test } from 'vitest'\ntest('one', () => ${say})`
  await writeFile(join(folder, 'test/one.test.ts'), suite)
  return folder
}

/** A PATH with a Node older than 24 in front: a real one of this machine, else this one under a false name. */
async function pathWithOldNode(): Promise<string> {
  const folder = await temporaryFolder()
  const real = systemPath.map((entry) => join(entry, 'node')).find((node) => existsSync(node) && majorOf(node) < 24)
  if (real) await symlink(real, join(folder, 'node'))
  else {
    const preload = join(folder, 'pretend.cjs')
    const versions = "{ value: { ...process.versions, node: '22.12.0' } }"
    await writeFile(preload, `Object.defineProperty(process, 'versions', ${versions})`)
    const script = `#!/bin/sh\nexec '${process.execPath}' --require '${preload}' "$@"\n`
    await writeFile(join(folder, 'node'), script, { mode: 0o755 })
  }
  return [folder, ...systemPath].join(delimiter)
}

function majorOf(node: string): number {
  return Number.parseInt(execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }), 10)
}

/** Runs a command as a person would who never ran npm here before, and without a network. */
async function run([program = '', ...args]: string[], cwd: string, path: string) {
  const env = {
    PATH: path,
    HOME: await temporaryFolder(),
    npm_config_cache: await temporaryFolder(),
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
    NO_COLOR: '1',
  }
  return await new Promise<{ exitCode: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(program, args, { cwd, env, timeout: 25_000 }, (_, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}
