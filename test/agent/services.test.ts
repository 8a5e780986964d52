import { describe, expect, test } from 'vitest'
import { openServices } from '../../src/agent/services.ts'
import { type Line, replay } from './support/replay.ts'

const services = (...lines: Line[]) => openServices(replay(lines), { timeoutMs: 1000 })
const runs: Line = ['service x status', 0, 'x is running as pid 7.']
const down: Line = ['service x status', 1, 'x is not running.']
const cannot = "Cannot 'start' x. Set x_enable to YES in /etc/rc.conf or use 'onestart' instead of 'start'."

test('a service that does not run is not stopped', async () => {
  await services(down).stop('x')
})

test('a service that runs is stopped', async () => {
  await services(runs, ['service x stop', 0], down).stop('x')
})

test('a service that ended by itself just before is stopped all the same', async () => {
  await services(runs, ['service x stop', 1, 'x not running? (check /var/run/x.pid).'], down).stop('x')
})

test('a service that does not stop is an error with its own words', async () => {
  const stop = services(runs, ['service x stop', 1, 'Waiting for PIDS: 7.'], runs).stop('x')
  await expect(stop).rejects.toThrow('the service x does not stop: Waiting for PIDS: 7. (exit code 1)')
})

test('a service is started', async () => {
  await services(down, ['service x start', 0, 'Starting x.'], runs).start('x')
})

test('a service that somebody else started meanwhile is started anew, for its code may be the old', async () => {
  await services(runs, ['service x stop', 0], down, ['service x start', 0], runs).start('x')
})

test('a service that runs when start says so is fine', async () => {
  await services(down, ['service x start', 1, 'x already running?  (pid=7).'], runs).start('x')
})

test('a disabled service, whose start answers 0 and does nothing, is an error', async () => {
  const start = services(down, ['service x start', 0, cannot], down).start('x')
  await expect(start).rejects.toThrow(`the service x does not start: ${cannot} (exit code 0)`)
})

describe('enabling', () => {
  test('a service that rc.conf does not know is enabled', async () => {
    await services(
      ['sysrc -n x_enable', 1, "sysrc: unknown variable 'x_enable'"],
      ['sysrc x_enable=YES', 0, 'x_enable:  -> YES'],
    ).enable('x')
  })

  for (const yes of ['YES', 'yes', 'TRUE', 'On', '1'])
    test(`a service that the administrator set to ${yes} is left as it is`, async () => {
      await services(['sysrc -n x_enable', 0, `${yes}\n`]).enable('x')
    })

  for (const no of ['NO', 'off', ''])
    test(`a service that the administrator set to "${no}" is not enabled, and the error says what to do`, async () => {
      const enable = services(['sysrc -n x_enable', 0, `${no}\n`]).enable('x')
      await expect(enable).rejects.toThrow(
        `x_enable is ${no} in rc.conf, so x may not run; set it to YES, or remove it`,
      )
    })

  test('rc.conf that cannot be read is an error, not a service without an entry', async () => {
    const enable = services(['sysrc -n x_enable', 1, 'sysrc: /etc/rc.conf: Permission denied']).enable('x')
    await expect(enable).rejects.toThrow('sysrc cannot tell x_enable: sysrc: /etc/rc.conf: Permission denied')
  })
})
