import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseDaemonOptions } from '../../src/devstack/rc/daemon-options.ts'
import { belowRoot } from '../../src/devstack/rc/rc-script.ts'
import { orderFacts, rcorder } from '../../src/devstack/rc/rcorder.ts'

test.each([
  {
    line: '-r -R 5 -t web -P /run/d.pid -p /run/c.pid -S -T web /usr/local/bin/node main.js --root /x',
    options: {
      program: '/usr/local/bin/node',
      arguments: ['main.js', '--root', '/x'],
      supervisorPidfile: '/run/d.pid',
      childPidfile: '/run/c.pid',
      restartSeconds: 5,
      syslogTag: 'web',
    },
  },
  { line: '-cf sleep -r 5', options: { program: 'sleep', arguments: ['-r', '5'] } },
  {
    line: '-r -p/run/c.pid sleep',
    options: { program: 'sleep', arguments: [], childPidfile: '/run/c.pid', restartSeconds: 1 },
  },
  { line: '-fo /var/log/x sleep', options: { program: 'sleep', arguments: [], outputFile: '/var/log/x' } },
  { line: '-S sleep', options: { program: 'sleep', arguments: [], syslogTag: 'daemon' } },
])('daemon $line', ({ line, options }) => {
  expect(parseDaemonOptions(line.split(' '))).toEqual(options)
})

test.each([
  { line: '-Z sleep', says: 'daemon: illegal option -- Z' },
  { line: '-R', says: 'daemon: option requires an argument -- R' },
  { line: '-R soon sleep', says: 'daemon: invalid restart delay: soon' },
  { line: '-f', says: 'usage: daemon' },
])('daemon $line is refused', ({ line, says }) => {
  expect(parseDaemonOptions(line.split(' '))).toContain(says)
})

test('the order of starting follows REQUIRE and BEFORE, else the names', () => {
  const script = (name: string, ...lines: string[]) => orderFacts(name, [`# PROVIDE: ${name}`, ...lines].join('\n'))
  const order = rcorder([
    script('zebra', '# BEFORE: ant'),
    script('compute', '# REQUIRE: LOGIN network', '# KEYWORD: shutdown nojail'),
    script('network', '# REQUIRE: NETWORKING'),
    script('ant'),
  ])
  expect(order.map(({ name }) => name)).toEqual(['zebra', 'ant', 'network', 'compute'])
  expect(order.at(-1)?.keywords).toEqual(['shutdown', 'nojail'])
})

test('at shutdown compute is stopped before its guests are: else it would start them again', () => {
  const folder = join(import.meta.dirname, '../../deploy/rc.d')
  const scripts = readdirSync(folder).map((name) => orderFacts(name, readFileSync(join(folder, name), 'utf8')))
  const stopped = rcorder(scripts)
    .filter(({ keywords }) => keywords.includes('shutdown'))
    .map(({ name }) => name)
    .reverse()
  expect(stopped.indexOf('slipway_compute')).toBeGreaterThan(-1)
  expect(stopped.indexOf('slipway_guests')).toBeGreaterThan(stopped.indexOf('slipway_compute'))
})

test('scripts that wait for each other are started all the same', () => {
  const a = orderFacts('a', '# PROVIDE: a\n# REQUIRE: b')
  const b = orderFacts('b', '# PROVIDE: b\n# REQUIRE: a')
  expect(rcorder([a, b]).map(({ name }) => name)).toEqual(['b', 'a'])
})

test.each([
  ['. /etc/rc.subr', '. /R/etc/rc.subr'],
  ['command=/usr/sbin/daemon', 'command=/R/usr/sbin/daemon'],
  ['PATH=/sbin:/bin:/usr/sbin', 'PATH=/R/sbin:/R/bin:/R/usr/sbin'],
  ['"/var/run/x.pid"', '"/R/var/run/x.pid"'],
  ['echo >/dev/null 2>&1', 'echo >/dev/null 2>&1'],
  ['$' + '{prefix}/etc/x', '$' + '{prefix}/etc/x'],
  ['local/etc/x a/usr', 'local/etc/x a/usr'],
  ['/variable /usrlocal', '/variable /usrlocal'],
])('below another root %s is %s', (script, expected) => {
  expect(belowRoot(script, '/R')).toBe(expected)
})
