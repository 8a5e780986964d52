import { execFileSync } from 'node:child_process'
import { chmod, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { prepareHostFolder } from '../../src/devstack/host-folder.ts'
import { describe as describeScript } from '../../src/devstack/rc/rc-script.ts'
import { orderFacts, rcorder } from '../../src/devstack/rc/rcorder.ts'
import { facts } from '../devstack/machine.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const top = join(import.meta.dirname, '../..')
const folder = join(top, 'deploy/rc.d')
const names = await readdir(folder)
/** Where each script is, that of what stands beside servers too. */
const paths: Record<string, string> = {
  ...Object.fromEntries(names.map((name) => [name, `deploy/rc.d/${name}`])),
  slipway_minio: 'deploy/replicas/rc.d/slipway_minio',
}
const pathOf = (name: string) => join(top, paths[name] as string)

/** What the script says to rc.subr on a host with this rc.conf; the root in front of its paths is taken away again. */
async function said(name: string, rcConf = '') {
  const root = await temporaryFolder()
  await prepareHostFolder(root, { ...facts, name: 'host1', agentSettings: '' })
  await writeFile(join(root, 'etc/rc.conf'), rcConf)
  const file = join(root, 'usr/local/etc/rc.d', name)
  await mkdir(join(root, 'usr/local/etc/rc.d'), { recursive: true })
  await cp(pathOf(name), file)
  await chmod(file, 0o755)
  const script = await describeScript(root, { path: `/usr/local/etc/rc.d/${name}`, file })
  return JSON.parse(JSON.stringify(script).replaceAll(root, '')) as typeof script
}

test('there is a script for each service', () => {
  expect(names).toEqual(['slipway_agent', 'slipway_compute', 'slipway_guests', 'slipway_network', 'slipway_server'])
})

test.each(Object.keys(paths))('%s has the head that rcorder(8) reads, in consecutive lines', async (name) => {
  const text = await readFile(pathOf(name), 'utf8')
  expect(text).toMatch(new RegExp(`^#!/bin/sh\n[\\s\\S]*\n# PROVIDE: ${name}\n# REQUIRE: .+\n# KEYWORD: shutdown`))
  expect(text.trimEnd().split('\n').at(-1)).toBe('run_rc_command "$1"')
})

test.each(Object.keys(paths))('%s is off until rc.conf enables it', async (name) => {
  expect(await said(name)).toMatchObject({ name, rcvar: `${name}_enable`, enabled: false })
  expect(await said(name, `${name}_enable="YES"\n`)).toMatchObject({ enabled: true })
})

test.each([
  { name: 'slipway_agent', pause: '2', program: ['/usr/local/libexec/slipway/agent-launcher'] },
  { name: 'slipway_compute', pause: '5', program: ['/usr/local/bin/node', '/var/db/slipway/current/compute/main.js'] },
  {
    name: 'slipway_network',
    pause: '5',
    program: ['/usr/local/bin/node', '--max-semi-space-size=4', '/var/db/slipway/current/network/main.js'],
  },
])(
  '$name runs under daemon(8), which starts it again; rc.conf may give it arguments',
  async ({ name, pause, program }) => {
    const script = await said(name, `${name}_args="--root /x"\n`)
    expect(script).toMatchObject({ command: '/usr/sbin/daemon', pidfile: `/var/run/slipway/${name}.daemon.pid` })
    const daemon = ['-r', '-R', pause, '-t', name]
    const files = ['-P', `/var/run/slipway/${name}.daemon.pid`, '-p', `/var/run/slipway/${name}.pid`]
    expect(script.arguments).toEqual([...daemon, ...files, '-S', '-T', name, ...program, '--root', '/x'])
    expect(script.environment.PATH).toMatch(/^\/sbin:\/bin:\/usr\/sbin:\/usr\/bin:\/usr\/local\/sbin:\/usr\/local\/bin/)
  },
)

test('slipway_server runs the command that npm installed, with its own folder', async () => {
  const script = await said('slipway_server', 'slipway_server_args="--listen 0.0.0.0:80"\n')
  const program = ['/usr/local/bin/node', '/usr/local/bin/slipway', 'server', '--data', '/var/db/slipway-server']
  expect(script.arguments.slice(-7)).toEqual([...program, '--listen', '0.0.0.0:80'])
})

test('slipway_minio runs MinIO, started again when it dies, with its settings and not without them', async () => {
  const script = await said('slipway_minio')
  const program = ['/usr/local/bin/minio', 'server', '--quiet', '--certs-dir', '/usr/local/etc/minio/certs']
  expect(script.arguments.slice(0, 5)).toEqual(['-r', '-R', '2', '-t', 'slipway_minio'])
  expect(script.arguments.slice(-5)).toEqual(program)
  const text = await readFile(pathOf('slipway_minio'), 'utf8')
  expect(text).toMatch(/^required_files=.*slipway_minio_env_file/m)
})

test('the programs of a host are not held to the locked memory of the class "daemon"; the server has its own user', async () => {
  const defaults = async (name: string) =>
    [...(await readFile(pathOf(name), 'utf8')).matchAll(/^: "\$\{\w+?_(login_class|user):=(\w+)\}"$/gm)].map(
      ([, key, value]) => `${key}=${value}`,
    )
  for (const name of ['slipway_agent', 'slipway_compute', 'slipway_network'])
    expect(await defaults(name)).toEqual(['login_class=root'])
  expect(await defaults('slipway_server')).toEqual(['user=slipway'])
})

test('compute starts after network, and both before nothing that they need', async () => {
  const order = rcorder(
    await Promise.all(names.map(async (name) => orderFacts(name, await readFile(join(folder, name), 'utf8')))),
  ).map(({ name }) => name)
  expect(order.indexOf('slipway_network')).toBeLessThan(order.indexOf('slipway_compute'))
})

test.each([...Object.values(paths), 'deploy/host/install.sh', 'deploy/host/agent-launcher'])(
  'sh reads %s without an error',
  (path) => {
    execFileSync('/bin/sh', ['-n', join(top, path)])
  },
)
