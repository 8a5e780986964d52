import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { execOk, openExec } from '../../src/platform/exec.ts'
import { toolPaths } from '../../src/platform/tools.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const sh = '/bin/sh'
const exec = openExec(toolPaths('/'))
const timeoutMs = 20_000

test('output, error output and exit code come back as they were', async () => {
  expect(await exec([sh, '-c', 'echo out; echo err >&2; exit 7'], { timeoutMs })).toEqual({
    exitCode: 7,
    signal: null,
    stdout: 'out\n',
    stderr: 'err\n',
  })
})

test('arguments reach the program as they are: no shell reads them', async () => {
  const { stdout } = await exec([sh, '-c', 'printf "%s|" "$@"', 'x', '$(id)', 'a b', '', '"; ls'], { timeoutMs })
  expect(stdout).toBe('$(id)|a b||"; ls|')
})

test('the environment of the caller does not reach the program', async () => {
  vi.stubEnv('SLIPWAY_SECRET', 'x')
  const { stdout } = await exec([sh, '-c', 'env'], { timeoutMs })
  vi.unstubAllEnvs()
  expect(stdout).toContain('LC_ALL=C\n')
  expect(stdout).not.toContain('SLIPWAY_SECRET')
})

test('a tool is found by the table, below the root, and elsewhere when the configuration says so', async () => {
  const paths = toolPaths('/hosts/a', { zfs: '/opt/zfs' })
  expect(paths.service).toBe('/hosts/a/usr/sbin/service')
  expect(paths.zfs).toBe('/opt/zfs')
  const { stdout } = await openExec(toolPaths('/', { uname: '/bin/echo' }))(['uname', '-m'], { timeoutMs })
  expect(stdout).toBe('-m\n')
})

test('input is passed on, and a program that does not read it is no error', async () => {
  const text = 'x'.repeat(1_000_000)
  expect((await exec([sh, '-c', 'wc -c'], { timeoutMs, stdin: text })).stdout.trim()).toBe('1000000')
  expect((await exec([sh, '-c', 'exit 0'], { timeoutMs, stdin: text })).exitCode).toBe(0)
})

test('without input the program reads an empty one, and not ours', async () => {
  expect((await exec([sh, '-c', 'cat; echo end'], { timeoutMs })).stdout).toBe('end\n')
})

describe('a program that does not end in time', () => {
  test('is killed with all that it started, and the error says what it said', async () => {
    const folder = await temporaryFolder()
    const script = 'sleep 300 & echo $! > pid; echo waiting for the disk >&2; wait'
    await expect(exec([sh, '-c', script], { timeoutMs: 400, cwd: folder })).rejects.toMatchObject({
      code: 'command-timeout',
      message: expect.stringMatching(/did not end within 400 ms and was killed; it said: waiting for the disk$/),
    })
    const child = Number(await readFile(join(folder, 'pid'), 'utf8'))
    await vi.waitFor(() => expect(isRunning(child)).resolves.toBe(false))
  })

  test('is killed even if it ignores SIGTERM', async () => {
    const script = 'trap "" TERM; while :; do sleep 1; done'
    await expect(exec([sh, '-c', script], { timeoutMs: 200 })).rejects.toMatchObject({ code: 'command-timeout' })
  })
})

test('a daemon that a program leaves behind, holding its output, does not hold us', async () => {
  const folder = await temporaryFolder()
  const started = performance.now()
  const result = await exec([sh, '-c', 'sleep 300 & echo $! > pid; echo started'], { timeoutMs, cwd: folder })
  expect(performance.now() - started).toBeLessThan(5000)
  expect(result).toMatchObject({ exitCode: 0, stdout: 'started\n' })
  const daemon = Number(await readFile(join(folder, 'pid'), 'utf8'))
  expect(await isRunning(daemon)).toBe(true)
  process.kill(daemon, 'SIGKILL')
})

test('of a flood only the first 8 MiB are kept, and the program may end', async () => {
  const result = await exec([sh, '-c', 'head -c 20000000 /dev/zero; echo done >&2'], { timeoutMs })
  expect(result.stdout.length).toBe(8 * 1024 * 1024)
  expect(result.stderr).toBe('done\n')
  expect(result.exitCode).toBe(0)
})

test('a program that a signal ended has no exit code but a signal', async () => {
  expect(await exec([sh, '-c', 'kill -9 $$'], { timeoutMs })).toMatchObject({ exitCode: -1, signal: 'SIGKILL' })
})

test.each(['/no/such/program', '/etc/passwd'])('%s cannot be started, and the error names it', async (path) => {
  const program = path as '/x'
  await expect(exec([program], { timeoutMs })).rejects.toMatchObject({
    code: 'command-failed',
    message: expect.stringContaining(`cannot start ${path}`),
  })
})

describe('execOk', () => {
  test('takes exit code 0 only, and tells what the program said', async () => {
    const folder = await temporaryFolder()
    const script = join(folder, 'tool')
    await writeFile(script, '#!/bin/sh\necho "cannot open dataset" >&2\nexit 2\n', { mode: 0o755 })
    await expect(execOk(exec, [script as '/x', 'list'], { timeoutMs })).rejects.toMatchObject({
      code: 'command-failed',
      message: `${script} list failed with exit code 2: cannot open dataset`,
    })
    expect((await execOk(exec, [sh, '-c', 'echo fine'], { timeoutMs })).stdout).toBe('fine\n')
  })

  test('says so when the program said nothing, and names the signal', async () => {
    await expect(execOk(exec, [sh, '-c', 'exit 1'], { timeoutMs })).rejects.toThrow('exit code 1: it said nothing')
    await expect(execOk(exec, [sh, '-c', 'kill -TERM $$'], { timeoutMs })).rejects.toThrow('was ended by SIGTERM')
  })
})

/** A killed child that nobody waits for may stay as a zombie, which runs no more. */
async function isRunning(pid: number): Promise<boolean> {
  const { stdout } = await exec([sh, '-c', `ps -o stat= -p ${pid}`], { timeoutMs })
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z')
}

describe('a program that outlives us', () => {
  test('says all into its file, which comes back as its error output', async () => {
    const output = join(await temporaryFolder(), 'out')
    const pids: number[] = []
    const outlives = { output, started: (pid: number) => void pids.push(pid) }
    const result = await exec([sh, '-c', 'echo out; echo err >&2; echo $$; exit 7'], { timeoutMs, outlives })
    expect(result).toEqual({ exitCode: 7, signal: null, stdout: '', stderr: `out\nerr\n${pids[0]}\n` })
    expect(await readFile(output, 'utf8')).toBe(result.stderr)
  })

  test('that ends too late says in the error what it said', async () => {
    const output = join(await temporaryFolder(), 'out')
    const slow = exec([sh, '-c', 'echo saving; exec sleep 300'], {
      timeoutMs: 300,
      outlives: { output, started: () => {} },
    })
    await expect(slow).rejects.toMatchObject({ code: 'command-timeout', message: expect.stringMatching(/saving$/) })
  })
})
