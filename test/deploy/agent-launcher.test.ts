import { spawnSync } from 'node:child_process'
import { mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'

const launcher = join(import.meta.dirname, '../../deploy/host/agent-launcher')

/** An agent that says which one it is, and exits at once, as one does that cannot start. */
const agent = (name: string) => `console.log(${JSON.stringify(name)}, ...process.argv.slice(2)); process.exit(75)`

/** A host with the sets `old` and `new`; `current` is the new one, whose agent is on trial. */
async function hostOnTrial({ starts, previous = 'sets/old' }: { starts?: string; previous?: string | null }) {
  const root = await temporaryFolder()
  const db = join(root, 'var/db/slipway')
  for (const set of ['old', 'new']) {
    const file = join(db, 'sets', set, 'agent/main.js')
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, agent(set))
  }
  await symlink('sets/new', join(db, 'current'))
  if (previous !== null) await symlink(previous, join(db, 'previous'))
  if (starts !== undefined) await writeFile(join(db, 'starts'), starts)
  await mkdir(join(root, 'usr/local/bin'), { recursive: true })
  await symlink(process.execPath, join(root, 'usr/local/bin/node'))
  return {
    root,
    db,
    start(environment: Record<string, string> = {}) {
      const { status, stdout, stderr } = spawnSync('/bin/sh', [launcher, '--root', root], {
        env: { PATH: '/usr/bin:/bin', ...environment },
        encoding: 'utf8',
      })
      return { status, stdout, stderr }
    },
    counted: () => readFile(join(db, 'starts'), 'utf8').catch(() => undefined),
    current: () => readlink(join(db, 'current')),
  }
}

test('the launcher becomes the agent of the current set: its arguments, its output, its exit code', async () => {
  const host = await hostOnTrial({})
  expect(host.start()).toEqual({ status: 75, stdout: `new --root ${host.root}\n`, stderr: '' })
})

test('without a trial nothing is counted', async () => {
  const host = await hostOnTrial({})
  for (let start = 1; start <= 5; start++) host.start()
  expect(await host.counted()).toBeUndefined()
  expect(await host.current()).toBe('sets/new')
})

test('U28 an agent that exits at once is started three times, then the old one runs again', async () => {
  const host = await hostOnTrial({ starts: '0\n' })
  const seen: (string | undefined)[] = []
  for (let start = 1; start <= 5; start++) seen.push(host.start().stdout.split(' ')[0])
  expect(seen).toEqual(['new', 'new', 'new', 'old', 'old'])
  expect(await host.current()).toBe('sets/old')
})

test('the starts stay counted after turning back, so that the agent knows', async () => {
  const host = await hostOnTrial({ starts: '3\n' })
  const { stdout, stderr } = host.start()
  expect(stdout).toMatch(/^old /)
  expect(stderr).toBe('agent-launcher: the new agent was not committed in its starts: going back to sets/old\n')
  expect(await host.counted()).toBe('4\n')
})

test.each([
  { name: 'an empty file', starts: '' },
  { name: 'a word', starts: 'three\n' },
  { name: 'a number that sh would take for octal', starts: '09\n' },
  { name: 'a command', starts: '$(exit 1)\n' },
  { name: 'a negative number', starts: '-7\n' },
  { name: 'a number of many digits', starts: `${'9'.repeat(40)}\n` },
  { name: 'binary bytes', starts: '\u0001\u0002\n' },
  { name: 'two numbers', starts: '1\n2\n' },
])('a count that holds $name counts as none, and the agent starts', async ({ starts }) => {
  const host = await hostOnTrial({ starts })
  expect(host.start()).toMatchObject({ status: 75, stdout: expect.stringMatching(/^new /) })
  expect(await host.counted()).toBe('1\n')
})

test.each([
  { name: 'there is no previous set', previous: null },
  { name: 'the previous set has no agent', previous: 'sets/gone' },
])('when $name, the agent that is there goes on being started', async ({ previous }) => {
  const host = await hostOnTrial({ starts: '9\n', previous })
  expect(host.start().stdout).toMatch(/^new /)
  expect(await host.current()).toBe('sets/new')
  expect(await host.counted()).toBe('10\n')
})

test('what a launcher that was killed left in the way is replaced', async () => {
  const host = await hostOnTrial({ starts: '3' })
  await writeFile(join(host.db, '.tmp-starts'), 'half')
  await symlink('sets/new', join(host.db, '.tmp-current'))
  expect(host.start().stdout).toMatch(/^old /)
  expect(await host.counted()).toBe('4\n')
})

test('U11 an update whose starts cannot be counted is undone: it could go on failing for ever', async () => {
  const host = await hostOnTrial({ starts: '0\n' })
  await mkdir(join(host.db, '.tmp-starts'))
  const { stdout, stderr } = host.start()
  expect(stdout).toMatch(/^old /)
  expect(stderr).toContain(`agent-launcher: cannot count start 1 in ${host.db}/starts`)
  expect(await host.current()).toBe('sets/old')
})

test('SLIPWAY_NODE names another Node', async () => {
  const host = await hostOnTrial({})
  const node = join(host.root, 'other-node')
  await writeFile(node, '#!/bin/sh\necho other "$1"\n', { mode: 0o755 })
  expect(host.start({ SLIPWAY_NODE: node }).stdout).toBe(`other ${host.db}/current/agent/main.js\n`)
})
