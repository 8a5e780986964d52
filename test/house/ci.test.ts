import { spawnSync } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'

interface Outcome {
  /** Scripts and commands of npm that fail. */
  failing?: string[]
  /** What the runs of vitest report. */
  reports?: Record<string, object>
  setupFails?: boolean
}

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((status) => ({ status })),
})
const sound = {
  test: { numPassedTests: 40, numFailedTests: 0, testResults: [file('passed', 'passed')] },
  'test:real': { numPassedTests: 2, numFailedTests: 0, testResults: [file('passed', 'passed')] },
  'test:xen': { numPassedTests: 3, numFailedTests: 0, testResults: [file('passed', 'passed')] },
}

/** Runs .ci/run in a folder where npm is a script that does what `outcome` says. */
async function ci({ failing = [], reports = sound, setupFails = false }: Outcome) {
  const folder = await temporaryFolder()
  await cp(join(import.meta.dirname, '../../.ci/run'), join(folder, '.ci/run'))
  await mkdir(join(folder, 'test/real'), { recursive: true })
  const setup = `#!/bin/sh\necho setup >> ran\nexit ${setupFails ? 1 : 0}\n`
  await writeFile(join(folder, 'test/real/setup.sh'), setup, { mode: 0o755 })
  for (const [name, report] of Object.entries(reports))
    await writeFile(join(folder, `${name}.report`), JSON.stringify(report))
  const npm = `#!/bin/sh
    [ -n "$CI" ] || exit 9
    cat # hangs when somebody waits for our input
    [ "$1" = run ] && [ "$2" = --silent ] && shift 2
    echo "$1" >> ran
    for last; do :; done
    case "$last" in --outputFile.json=*) [ -f "$1.report" ] && cp "$1.report" "\${last#*=}" ;; esac
    for script in ${failing.join(' ')}; do [ "$script" = "$1" ] && exit 1; done
    exit 0`
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin/npm'), npm, { mode: 0o755 })
  const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder }
  const { status, stdout } = spawnSync(join(folder, '.ci/run'), { encoding: 'utf8', env, cwd: '/' })
  const ran = (await readFile(join(folder, 'ran'), 'utf8')).trim().split('\n')
  return { status, lastLine: stdout.trimEnd().split('\n').at(-1), ran }
}

test('it runs every step in order, and ends with the sum of all runs of tests', async () => {
  expect(await ci({})).toEqual({
    status: 0,
    lastLine: '45 passed, 0 failed',
    ran: ['ci', 'build', 'check', 'test', 'setup', 'test:real', 'test:xen'],
  })
})

const oneFailed = { numPassedTests: 39, numFailedTests: 1, testResults: [file('failed', 'failed', 'passed')] }
const oneUnloadable = { numPassedTests: 39, numFailedTests: 0, testResults: [file('failed')] }
const { test: unit, ...others } = sound

test.each<[string, Outcome, string]>([
  ['a failed test', { failing: ['test'], reports: { ...sound, test: oneFailed } }, '44 passed, 1 failed'],
  [
    'a file that cannot be loaded',
    { failing: ['test'], reports: { ...sound, test: oneUnloadable } },
    '44 passed, 1 failed',
  ],
  ['a run that ends without a report', { failing: ['test'], reports: others }, '5 passed, 1 failed'],
  ['a run that fails for another reason', { failing: ['test'] }, '45 passed, 1 failed'],
  ['a failed build', { failing: ['build'] }, '45 passed, 1 failed'],
  ['a failed check and a failed run', { failing: ['check', 'test:real'] }, '45 passed, 2 failed'],
  ['a set-up that fails', { setupFails: true, reports: { test: unit } }, '40 passed, 1 failed'],
  ['an installation that fails', { failing: ['ci'] }, '0 passed, 1 failed'],
])('%s is counted, and the exit code says so', async (_, outcome, lastLine) => {
  expect(await ci(outcome)).toMatchObject({ status: 1, lastLine })
})
