import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { prepareHostFolder } from '../../src/devstack/host-folder.ts'
import { openServices } from '../../src/devstack/rc/services.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { facts, printed } from './machine.ts'

const deployed = join(import.meta.dirname, '../../deploy/rc.d')

/** A program that writes a line when it starts, and one when it is told to stop. */
const program = `import { appendFileSync } from 'node:fs'
const log = (word) => appendFileSync(process.argv[3] + '/said', word + '\\n')
process.once('SIGTERM', () => { log('stopped'); process.exit(0) })
log('started')
setInterval(() => {}, 1000)
`

/** A host with the real script of slipway_compute, and a program in place of compute. */
async function openHost() {
  const root = await temporaryFolder()
  await prepareHostFolder(root, { ...facts, name: 'host1', agentSettings: '' })
  await cp(join(deployed, 'slipway_compute'), join(root, 'usr/local/etc/rc.d/slipway_compute'))
  await mkdir(join(root, 'var/db/slipway/current/compute'), { recursive: true })
  await writeFile(join(root, 'var/db/slipway/current/compute/main.js'), program)
  const services = openServices(root)
  onTestFinished(async () => {
    await services.run('slipway_compute', 'faststop')
  })
  const said = () => readFile(join(root, 'said'), 'utf8').catch(() => '')
  return {
    root,
    services,
    said,
    compute: (directive: string, signal?: AbortSignal) => services.run('slipway_compute', directive, signal),
    script: (name: string, text: string) =>
      writeFile(join(root, 'usr/local/etc/rc.d', name), `#!/bin/sh\n${text}`, { mode: 0o755 }),
    childPid: async () => Number(await readFile(join(root, 'var/run/slipway/slipway_compute.pid'), 'utf8')),
    /** Waits until the program has said these words. */
    hears: (...words: string[]) =>
      expect.poll(said, { timeout: 15_000, interval: 20 }).toBe(words.map((w) => `${w}\n`).join('')),
  }
}

test('starting a disabled service says so, starts nothing, and is exit 0', async () => {
  const { compute, said } = await openHost()
  expect(await compute('start')).toEqual(
    printed(
      "Cannot 'start' slipway_compute. Set slipway_compute_enable to YES in /etc/rc.conf or use 'onestart' instead of 'start'.\n",
    ),
  )
  expect(await compute('faststart')).toEqual(printed(''))
  expect(await compute('status')).toMatchObject({ exitCode: 1, stdout: 'slipway_compute is not running.\n' })
  expect(await compute('enabled')).toEqual({ exitCode: 1, stdout: '', stderr: '' })
  expect(await said()).toBe('')
})

test('an enabled service starts, runs, and stops when its program has ended', async () => {
  const { compute, hears, root } = await openHost()
  expect(await compute('enable')).toEqual(printed('slipway_compute enabled in /etc/rc.conf\n'))
  expect(await compute('enabled')).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  expect(await compute('start')).toEqual(printed('Starting slipway_compute.\n'))
  await hears('started')
  const pid = await readFile(join(root, 'var/run/slipway/slipway_compute.daemon.pid'), 'utf8')
  expect(await compute('status')).toEqual(printed(`slipway_compute is running as pid ${pid}.\n`))
  expect(await compute('start')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `slipway_compute already running?  (pid=${pid}).\n`,
  })
  expect(await compute('stop')).toEqual(printed(`Stopping slipway_compute.\nWaiting for PIDS: ${pid}.\n`))
  await hears('started', 'stopped')
  expect(await compute('status')).toMatchObject({ exitCode: 1 })
})

test('stopping what does not run is exit 1 with the pid file that was looked at, and 0 for faststop', async () => {
  const { compute } = await openHost()
  await compute('enable')
  expect(await compute('stop')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'slipway_compute not running? (check /var/run/slipway/slipway_compute.daemon.pid).\n',
  })
  expect(await compute('faststop')).toEqual(printed(''))
})

test('onestart starts what is disabled, and stop then stops it', async () => {
  const { compute, hears } = await openHost()
  expect(await compute('onestart')).toMatchObject({ exitCode: 0, stdout: 'Starting slipway_compute.\n' })
  await hears('started')
  expect(await compute('stop')).toMatchObject({ exitCode: 0 })
  await hears('started', 'stopped')
})

test('a program that is killed is started again after the pause of -R; the service is running all the while', async () => {
  const { compute, hears, childPid } = await openHost()
  await compute('onestart')
  await hears('started')
  const first = await childPid()
  process.kill(first, 'SIGKILL')
  expect(await compute('status')).toMatchObject({ exitCode: 0 })
  await hears('started', 'started')
  expect(await childPid()).not.toBe(first)
})

test('stopping in the pause before a new start ends the service', async () => {
  const { compute, hears, childPid, said } = await openHost()
  await compute('onestart')
  await hears('started')
  const pid = await childPid()
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => isAlive(pid)).toBe(false)
  expect(await compute('stop')).toMatchObject({ exitCode: 0 })
  expect(await compute('status')).toMatchObject({ exitCode: 1 })
  expect(await said()).toBe('started\n')
})

test('stop waits for ever for a program that ignores SIGTERM; giving up waiting leaves it running', async () => {
  const { compute, hears, childPid, root } = await openHost()
  const stubborn = program.replace(
    "process.once('SIGTERM', () => { log('stopped'); process.exit(0) })",
    "process.on('SIGTERM', () => log('no'))",
  )
  await writeFile(join(root, 'var/db/slipway/current/compute/main.js'), stubborn)
  await compute('onestart')
  await hears('started')
  const caller = new AbortController()
  const stopping = compute('stop', caller.signal)
  await hears('started', 'no')
  expect(await compute('status')).toMatchObject({ exitCode: 0 })
  caller.abort()
  await stopping
  const pid = await childPid()
  expect(isAlive(pid)).toBe(true)
  process.kill(pid, 'SIGKILL')
})

test('restart stops and starts', async () => {
  const { compute, hears } = await openHost()
  await compute('enable')
  expect(await compute('restart')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('not running?') })
  await hears('started')
  expect(await compute('restart')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^Stopping [\s\S]*Starting/),
  })
  await hears('started', 'stopped', 'started')
})

test('the program gets the arguments of rc.conf, the environment of the script, and its output is kept', async () => {
  const { compute, root } = await openHost()
  await writeFile(
    join(root, 'var/db/slipway/current/compute/main.js'),
    'console.log(JSON.stringify([process.argv.slice(2), process.env.PATH.split(":")[0], process.cwd()]))\nsetInterval(() => {}, 1000)\n',
  )
  await compute('onestart')
  const log = () => readFile(join(root, 'var/log/slipway_compute.log'), 'utf8').catch(() => '')
  await expect.poll(log, { timeout: 10_000 }).toBe(`${JSON.stringify([['--root', root], `${root}/sbin`, root])}\n`)
})

test('an unknown service and an unknown directive are exit 1, each with its text', async () => {
  const { services, compute } = await openHost()
  expect(await services.run('nope', 'start')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr:
      'nope does not exist in /etc/rc.d or the local startup\ndirectories (/usr/local/etc/rc.d), or is not executable\n',
  })
  const { exitCode, stderr } = await compute('explode')
  expect(exitCode).toBe(1)
  expect(stderr).toContain("/usr/local/etc/rc.d/slipway_compute: unknown directive 'explode'.\nUsage: ")
})

test('a script with its own commands is asked, not modelled', async () => {
  const { services, script } = await openHost()
  await script(
    'own',
    `. /etc/rc.subr
name=own
extra_commands=reload
start_precmd='echo before'
start_cmd=own_start
status_cmd='echo "own is fine"; exit 3'
reload_cmd='echo "reloading in $PWD for $rc_arg"; exit 4'
own_start() { echo "starting"; }
load_rc_config $name
run_rc_command "$1"
`,
  )
  expect(await services.run('own', 'start')).toEqual(printed('before\nstarting\n'))
  expect(await services.run('own', 'status')).toMatchObject({ exitCode: 3, stdout: 'own is fine\n' })
  expect(await services.run('own', 'reload')).toMatchObject({
    exitCode: 4,
    stdout: expect.stringMatching(/for reload\n$/),
  })
})

test('a failed precmd keeps the program from being started, unless it is forced', async () => {
  const { services, script, root } = await openHost()
  await script(
    'picky',
    `. /etc/rc.subr
name=picky
pidfile=/var/run/picky.pid
command=/usr/sbin/daemon
command_args="-P $pidfile /usr/local/bin/node -e 'setInterval(String, 1000)'"
start_precmd='echo "no disk" >&2; exit 1'
load_rc_config $name
run_rc_command "$1"
`,
  )
  expect(await services.run('picky', 'start')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^no disk\n.*WARNING: failed precmd routine for picky\n$/),
  })
  expect(await services.run('picky', 'forcestart')).toMatchObject({ exitCode: 0 })
  expect(await readFile(join(root, 'var/run/picky.pid'), 'utf8')).toBe(String(process.pid))
  expect(await services.run('picky', 'stop')).toMatchObject({ exitCode: 0 })
})

test('a script that is broken says where', async () => {
  const { services, script } = await openHost()
  await script('broken', '. /etc/rc.subr\nname=broken\nif then\n')
  await expect(services.run('broken', 'start')).rejects.toThrow(
    /rc\.d\/broken does not get as far as run_rc_command: .*/,
  )
})

test('boot starts what is enabled, in order; shutdown stops in reverse what has the keyword', async () => {
  const { services, script, root } = await openHost()
  const service = (name: string, head: string, keyword = 'shutdown') =>
    script(
      name,
      `# PROVIDE: ${name}
${head}# KEYWORD: nojail ${keyword}

. /etc/rc.subr
name=${name}
rcvar=${name}_enable
start_cmd='echo "+${name}" >>${root}/said'
stop_cmd='echo "-${name}" >>${root}/said'
load_rc_config $name
run_rc_command "$1"
`,
    )
  await service('aaa', '# REQUIRE: bbb\n')
  await service('bbb', '')
  await service('ccc', '')
  await service('ddd', '', '')
  await writeFile(join(root, 'etc/rc.conf'), 'aaa_enable=YES\nbbb_enable=YES\nccc_enable=NO\nddd_enable=YES\n')
  await services.boot()
  await services.shutdown()
  expect(await readFile(join(root, 'said'), 'utf8')).toBe('+bbb\n+aaa\n+ddd\n-aaa\n-bbb\n')
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
