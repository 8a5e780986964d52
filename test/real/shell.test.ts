import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const top = join(import.meta.dirname, '../..')

/** Every file of ours that sh reads: by its first line, and what such files source. */
const scripts = globSync(['deploy/**/*', 'src/**/*'], { cwd: top })
  .filter((path) => statSync(join(top, path)).isFile())
  .filter((path) => path.endsWith('.subr') || readFileSync(join(top, path), 'utf8').startsWith('#!/bin/sh\n'))
  .sort()

test('the scripts are found', () => {
  expect(scripts).toEqual(
    expect.arrayContaining(['deploy/host/agent-launcher', 'deploy/host/install.sh', 'deploy/rc.d/slipway_agent']),
  )
})

describe.each(scripts)('%s', (path) => {
  test('shellcheck has nothing to say', () => {
    expect(run('shellcheck', '--shell=sh', join(top, path))).toEqual({ status: 0, output: '' })
  })

  test('dash reads it without an error', () => {
    expect(run('dash', '-n', join(top, path))).toEqual({ status: 0, output: '' })
  })
})

/** @throws when the program is not there: a missing tool is a failure, not a skip */
function run(program: string, ...words: string[]): { status: number | null; output: string } {
  const { error, status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' })
  if (error) throw error
  return { status, output: stdout + stderr }
}
