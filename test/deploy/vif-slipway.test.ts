import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { netsGroup, portGroup, portsGroup } from '../../src/rules/names.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const source = join(import.meta.dirname, '../../deploy/components/rc/xen/vif-slipway')
const device = '/local/domain/0/backend/vif/3/0'
const mac = '00:16:3e:aa:bb:01'
const own = portGroup(mac)

interface Situation {
  /** In xenstore, below the device. */
  store?: Record<string, string>
  /** What `ifconfig` prints of the bridge; undefined: there is none. */
  bridge?: string
  /** The file that network wrote of the port. */
  port?: string
  /** A call of ifconfig with these words fails. */
  failing?: string
  environment?: Record<string, string>
}

const ordinary = { bridge: 'bridge0', mac, type: 'vif' }
const empty = 'bridge0: flags=8843<UP> metric 0 mtu 1450\n\tid 0\n'

/** Runs the script on a host whose programs are stand-ins, and answers what it called. */
async function run(
  action: string,
  { store = ordinary, bridge = empty, port, failing = 'nothing', environment }: Situation = {},
) {
  const root = await temporaryFolder()
  const script = join(root, 'usr/local/etc/xen/scripts/vif-slipway')
  const program = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), `#!/bin/sh\n${text}`, { mode: 0o755 })
  }
  await program(
    'sbin/ifconfig',
    `echo "ifconfig $*" >>${root}/calls
case "$*" in *"${failing}"*) echo "ifconfig: it failed" >&2; exit 1 ;; esac
if [ $# = 1 ]; then cat ${root}/bridge 2>/dev/null || { echo "ifconfig: interface $1 does not exist" >&2; exit 1; }; fi
`,
  )
  await program('usr/local/bin/xenstore-read', `for path; do cat "${root}/store/$path" || exit 1; done\n`)
  await program('usr/local/bin/xenstore-write', `echo "xenstore-write $*" >>${root}/calls\n`)
  await mkdir(dirname(script), { recursive: true })
  await copyFile(source, script)
  await mkdir(join(root, 'store', device), { recursive: true })
  for (const [name, value] of Object.entries(store)) await writeFile(join(root, 'store', device, name), `${value}\n`)
  if (bridge !== '') await writeFile(join(root, 'bridge'), bridge)
  if (port !== undefined) {
    await mkdir(join(root, 'var/db/slipway/network/ports'), { recursive: true })
    await writeFile(join(root, 'var/db/slipway/network/ports/00163eaabb01'), port)
  }
  const env = { iface_dev: 'xnb3.0', emulated: '0', ...environment }
  const { code, stderr } = await promisify(execFile)('/bin/sh', [script, device, action], { env }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    (error) => ({ code: error.code as number, stderr: String(error.stderr) }),
  )
  const calls = (await readFile(join(root, 'calls'), 'utf8').catch(() => '')).split('\n').filter(Boolean)
  return { code, stderr, calls, root }
}

test('an interface is in its groups before it is in its bridge, and on last of all; its MAC is fixed', async () => {
  expect(await run('add')).toMatchObject({
    code: 0,
    stderr: '',
    calls: [
      'ifconfig bridge0',
      `ifconfig xnb3.0 group ${own} group ${portsGroup} group ${netsGroup} mtu 1450`,
      `ifconfig bridge0 addm xnb3.0 ifmaxaddr xnb3.0 1 sticky xnb3.0 static xnb3.0 ${mac}`,
      'ifconfig xnb3.0 up',
    ],
  })
})

test.each([
  [
    'a port without addresses is in no group of rules',
    'filtered=no\nisolated=no\n',
    `ifconfig xnb3.0 group ${own} mtu 1450`,
  ],
  ['an isolated port is private on its bridge', 'filtered=yes\nisolated=yes\n', `static xnb3.0 ${mac} private xnb3.0`],
  ['what a later release writes is not minded', 'filtered=no\ncolour=red\n', `ifconfig xnb3.0 group ${own} mtu 1450`],
])('%s', async (_name, port, call) => {
  const { code, calls } = await run('add', { port })
  expect(code).toBe(0)
  expect(calls.find((each) => each.endsWith(call))).toBeDefined()
})

test('a guest with an emulated card uses one MAC on two interfaces, so neither has it for good', async () => {
  const store = { ...ordinary, type: 'vif_ioemu', mac: mac.toUpperCase() }
  const { calls } = await run('add', { store, environment: { iface_dev: 'xnb3.0-emu', emulated: '1' } })
  expect(calls[2]).toBe('ifconfig bridge0 addm xnb3.0-emu ifmaxaddr xnb3.0-emu 1')
  const removed = await run('remove', { store, environment: { iface_dev: 'xnb3.0-emu', emulated: '1' } })
  expect(removed).toMatchObject({
    code: 0,
    calls: ['ifconfig bridge0 deletem xnb3.0-emu', 'ifconfig xnb3.0-emu destroy'],
  })
})

test('run again for an interface that is in its bridge, it sets it up again and adds nothing', async () => {
  const { code, calls } = await run('add', { bridge: `${empty}\tmember: xnb3.0 flags=143<LEARNING>\n` })
  expect(code).toBe(0)
  expect(calls.slice(1)).toEqual([
    `ifconfig xnb3.0 group ${own} group ${portsGroup} group ${netsGroup}`,
    `ifconfig bridge0 ifmaxaddr xnb3.0 1 sticky xnb3.0 static xnb3.0 ${mac}`,
    'ifconfig xnb3.0 up',
  ])
})

test.each<[string, Situation, string]>([
  ['a bridge that is not there', { bridge: '' }, 'the bridge bridge0 does not exist'],
  [
    'a MAC that is none',
    { store: { ...ordinary, mac: '00:16:3e; reboot' } },
    "has the MAC '00:16:3e; reboot', which is none",
  ],
  ['a device without a bridge', { store: { mac } }, 'does not say bridge, mac and type'],
  [
    'a port file that says nonsense',
    { port: 'filtered=perhaps\n' },
    'says filtered=perhaps, which is neither yes nor no',
  ],
  ['an interface that is none', { environment: { iface_dev: '../x' } }, "iface_dev is '../x', which is no interface"],
  [
    'a group that is refused',
    { failing: `group ${portsGroup}` },
    'xnb3.0 cannot be put into its groups: ifconfig: it failed',
  ],
])('%s is told to xl, and the interface is in no bridge', async (_name, situation, message) => {
  const { code, stderr, calls } = await run('add', situation)
  expect(code).toBe(1)
  expect(stderr).toContain(message)
  expect(calls.at(-1)).toBe(`xenstore-write ${device}/hotplug-error ${stderr.trim()}`)
  expect(calls.join()).not.toContain('addm')
})

test.each(['addm', 'xnb3.0 up'])(
  'when ifconfig refuses %s the interface is switched off and taken out again',
  async (failing) => {
    const { code, calls } = await run('add', { failing })
    expect(code).toBe(1)
    expect(calls.slice(-3)).toEqual([
      'ifconfig xnb3.0 down',
      'ifconfig bridge0 deletem xnb3.0',
      expect.stringMatching(/^xenstore-write .*hotplug-error vif-slipway: xnb3.0 cannot be/),
    ])
  },
)
