import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { obey } from '../../src/devstack/orders.ts'
import { openTestMachine } from './machine.ts'

async function machineWithLan() {
  const { root, machine, run, ok } = await openTestMachine()
  await ok('ifconfig', 'bridge0', 'inet', '10.0.0.1/24')
  const [conf, hosts, pid] = ['dnsmasq.conf', 'hosts', 'pid'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ]
  await writeFile(hosts, '00:16:3e:00:00:01,10.0.0.11,web\n')
  const configure = (text: string) =>
    writeFile(
      conf,
      `${text}pid-file=${pid}\ndhcp-hostsfile=${hosts}\ndomain=shop.internal\ndhcp-option=option:router,10.0.0.1\n`,
    )
  await configure('listen-address=10.0.0.1\n')
  const ask = (mac: string) => obey({ kind: 'dhcp', mac }, machine)
  return { run, ok, configure, hosts, conf, argument: `--conf-file=${conf}`, ask }
}

test('dnsmasq goes into the background, is seen by ps, and gives those whom it knows what is theirs', async () => {
  const { ok, argument, ask } = await machineWithLan()
  expect(ask('00:16:3e:00:00:01')).toEqual([])
  await ok('dnsmasq', argument)
  expect(await ok('ps', '-axww', '-o', 'pid=', '-o', 'stat=', '-o', 'args=')).toBe(
    `20001 Is   /usr/local/sbin/dnsmasq ${argument}\n`,
  )
  expect(ask('00:16:3e:00:00:01')).toEqual([
    {
      interface: 'bridge0',
      ipv4: '10.0.0.11',
      ipv6: [],
      hostname: 'web',
      domain: 'shop.internal',
      options: { router: ['10.0.0.1'] },
    },
  ])
  expect(ask('00:16:3e:00:00:02')).toEqual([])
})

test('it reads its hosts again at HUP and not before, keeps what it has given, and ends at TERM', async () => {
  const { ok, run, argument, ask, hosts } = await machineWithLan()
  await ok('dnsmasq', argument)
  ask('00:16:3e:00:00:01')
  await writeFile(hosts, '00:16:3e:00:00:02,10.0.0.11,db\n00:16:3e:00:00:03,10.0.0.13\n')
  expect(ask('00:16:3e:00:00:03')).toEqual([])
  await ok('kill', '-HUP', '20001')
  expect(ask('00:16:3e:00:00:03')).toMatchObject([{ ipv4: '10.0.0.13' }])
  expect(ask('00:16:3e:00:00:02')).toEqual([])
  await ok('kill', '-TERM', '20001')
  expect(ask('00:16:3e:00:00:03')).toEqual([])
  expect(await run('kill', '-TERM', '20001')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'kill: 20001: No such process\n',
  })
})

test('what dnsmasq refuses it refuses in its words', async () => {
  const { run, configure, conf, argument } = await machineWithLan()
  expect(await run('dnsmasq', '--test', argument)).toMatchObject({ exitCode: 0, stderr: 'dnsmasq: syntax check OK.\n' })
  await configure('listen-adress=10.0.0.1\n')
  expect(await run('dnsmasq', '--test', argument)).toMatchObject({
    exitCode: 1,
    stderr: `\ndnsmasq: bad option at line 1 of ${conf}\n`,
  })
  await configure('listen-address=10.9.0.1\n')
  expect(await run('dnsmasq', argument)).toMatchObject({
    exitCode: 2,
    stderr: "\ndnsmasq: failed to create listening socket for 10.9.0.1: Can't assign requested address\n",
  })
  await configure('interface=bridge9\n')
  expect(await run('dnsmasq', argument)).toMatchObject({
    exitCode: 2,
    stderr: '\ndnsmasq: unknown interface bridge9\n',
  })
})
