import { spawnSync } from 'node:child_process'
import { closeSync, globSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const top = join(import.meta.dirname, '../..')

/** What is not the repository's own: what it ignores, and git's. */
const foreign = [...readFileSync(join(top, '.gitignore'), 'utf8').split('\n'), '.git']
  .map((line) => line.replaceAll('/', ''))
  .filter((name) => name !== '')

/** The shell of each file that one reads: by its first line, or by its name where others source it. */
const scripts = globSync(['**/*', '**/.*/**/*'], {
  cwd: top,
  exclude: ({ name }) => foreign.includes(name),
  withFileTypes: true,
})
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .flatMap((path): [string, string][] => {
    const shell = path.endsWith('.subr') ? 'sh' : /^#!.*\b(sh|bash)\n/.exec(startOf(path))?.[1]
    return shell === undefined ? [] : [[path.slice(top.length + 1), shell]]
  })
  .sort()

test('the scripts are found, wherever they are', () => {
  const folders = scripts.map(([path]) => path.slice(0, path.lastIndexOf('/')))
  const some = ['.ci', 'deploy/host', 'deploy/rc.d', 'src/devstack/rc', 'test/real', 'test/xen/image']
  expect(folders).toEqual(expect.arrayContaining(some))
})

describe.each(scripts)('%s', (path, shell) => {
  test('shellcheck has nothing to say', () => {
    expect(run('shellcheck', join(top, path))).toEqual({ status: 0, output: '' })
  })

  test(`${shell} reads it without an error`, () => {
    expect(run(shell === 'bash' ? 'bash' : 'dash', '-n', join(top, path))).toEqual({ status: 0, output: '' })
  })
})

/** Its first line, and a bit more. */
function startOf(path: string): string {
  const bytes = Buffer.alloc(64)
  const file = openSync(path, 'r')
  try {
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(file)
  }
}

/** @throws when the program is not there: a missing tool is a failure, not a skip */
function run(program: string, ...words: string[]): { status: number | null; output: string } {
  const { error, status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' })
  if (error) throw error
  return { status, output: stdout + stderr }
}
