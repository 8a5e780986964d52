import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readTextIfThere, replaceFile } from '../../src/platform/files.ts'
import { until } from '../support/processes.ts'
import { connectDom0, guest } from './dom0.ts'

// Writes what the tools print into the folder CAPTURE_FIXTURES: for each row NAME.rc, and NAME.txt and NAME.stderr.txt where they said
// something. It runs by itself: it makes a pool of its own, and guests that must not be disturbed.

const folder = resolve(process.env.CAPTURE_FIXTURES as string)
const earlier = join(import.meta.dirname, '../fixtures/xen')
const { socket, endsAt } = inject('machine')
const dom0 = await connectDom0(socket, endsAt)
afterAll(() => dom0.close())

const guests = {
  pv1: 'format=raw,vdev=xvda,access=rw,target=/tmp/a.img',
  pvq: 'format=qcow2,vdev=xvda,access=rw,target=/tmp/q.qcow2',
  pvz: 'format=raw,vdev=xvda,access=rw,target=/dev/zvol/tank/vm1',
  pvn: 'format=raw,vdev=xvda,access=rw,target=/tmp/a.img',
}

const configuration = (name: string, disk: string) => `name="${name}"
type="pv"
kernel="${guest.kernel}"
ramdisk="${guest.ramdisk}"
extra="${guest.commandLine} guest.ip=10.9.0.11"
memory=160
vcpus=1
disk=["${disk}"]
vif=["bridge=xenbr0,mac=00:16:3e:00:00:11"]
`
const pv1 = configuration('pv1', guests.pv1)

const files: Record<string, string> = {
  ...Object.fromEntries(Object.entries(guests).map(([name, disk]) => [name, configuration(name, disk)])),
  bad: 'name="bad\n',
  bad2: pv1.replace('name="pv1"\n', ''),
  bad3: pv1.replace('pv1', 'bad3').replace(guest.kernel, '/nonexistent'),
  bad4: pv1.replace('pv1', 'bad4').replace('a.img', 'nosuch.img'),
  bad5: pv1.replace('pv1', 'bad5').replace('xenbr0', 'nobr0'),
  bad6: pv1.replace('pv1', 'bad6').replace('160', '900000'),
}

/** What is run, and under which name what it prints is kept; without a name it only prepares the rows below it. */
const rows: readonly (readonly [string, string])[] = [
  ['', 'zpool destroy tank'],
  ['', 'truncate -s 8M /tmp/a.img; qemu-img create -q -f qcow2 /tmp/q.qcow2 8M; truncate -s 400M /tmp/zp.img'],
  ['zpool-create', 'zpool create -f -o ashift=12 -O compression=lz4 -O mountpoint=none tank /tmp/zp.img'],
  ['zpool-create-exists', 'zpool create -f tank /tmp/zp.img'],
  ['zfs-create-fs', 'zfs create -p tank/images'],
  ['zfs-create-zvol', 'zfs create -s -V 64M -o volblocksize=16k tank/images/base'],
  ['zfs-create-exists', 'zfs create tank/images'],
  ['', 'udevadm settle; mke2fs -q /dev/zvol/tank/images/base'],
  ['zfs-snapshot', 'zfs snapshot tank/images/base@v1'],
  ['zfs-snapshot-exists', 'zfs snapshot tank/images/base@v1'],
  ['zfs-clone', 'zfs clone tank/images/base@v1 tank/vm1'],
  ['zfs-clone-missing-origin', 'zfs clone tank/images/base@nope tank/vm2'],
  ['zfs-snapshot-vm', 'zfs snapshot tank/vm1@a; zfs snapshot tank/vm1@b'],
  ['zfs-rollback-needs-r', 'zfs rollback tank/vm1@a'],
  ['zfs-rollback', 'zfs rollback -r tank/vm1@a'],
  ['zfs-destroy-has-clones', 'zfs destroy tank/images/base@v1'],
  ['zfs-destroy-has-snapshots', 'zfs destroy tank/vm1'],
  ['zfs-destroy-missing', 'zfs destroy tank/nosuch'],
  ['zfs-set-userprop', 'zfs set myproj:owner=alice tank/vm1'],
  ['zfs-list', 'zfs list -t all'],
  ['zfs-list-Hp', 'zfs list -Hp -t all -o name,type,used,avail,refer,volsize,origin,creation,myproj:owner'],
  ['zfs-list-missing', 'zfs list -Hp tank/nosuch'],
  ['zfs-get-all', 'zfs get -Hp all tank/vm1'],
  ['zpool-list', 'zpool list'],
  ['zpool-list-Hp', 'zpool list -Hp'],
  ['zpool-list-Hp-cols', 'zpool list -Hp -o name,size,alloc,free,frag,cap,health'],
  ['zpool-status', 'zpool status'],
  ['zpool-status-x', 'zpool status -x'],
  ['zpool-list-missing', 'zpool list -Hp nosuch'],
  ['zfs-version', 'zfs version'],

  ...['pv1', 'pvq', 'pvz'].map((name) => ['', `xl create /tmp/${name}.cfg`] as const),
  ['pv1-cfg', 'cat /tmp/pv1.cfg'],
  ['xl-info', 'xl info'],
  ['xl-info-n', 'xl info -n'],
  ['xl-list', 'xl list'],
  ['xl-list-l', 'xl list -l'],
  ['xl-list-l-one', 'xl list -l pv1'],
  ['xl-list-v', 'xl list -v'],
  ['xl-list-missing', 'xl list nosuch'],
  ['xl-list-one', 'xl list pv1'],
  ['xl-vcpu-list', 'xl vcpu-list'],
  ['xl-uptime', 'xl uptime'],
  ['xl-domid', 'xl domid pv1'],
  ['xl-domid-missing', 'xl domid nosuch'],
  ['xl-domname', 'xl domname $(xl domid pv1)'],
  ['xl-domname-missing', 'xl domname 999'],
  ['xentop', 'xentop -b -i 2 -d 1 -f'],
  ['xl-block-list', 'xl block-list pv1'],
  ['xl-block-list-qdisk', 'xl block-list pvq'],
  ['xl-block-list-zvol', 'xl block-list pvz'],
  ['xl-block-list-missing', 'xl block-list nosuch'],
  ['xl-network-list', 'xl network-list pv1'],
  ['xenstore-ls-domain', 'xenstore-ls -f /local/domain/$(xl domid pv1)'],
  ['xl-create-dryrun', 'xl create -n /tmp/pvn.cfg'],
  ['xl-create-dryrun-defconfig', `xl create -n /dev/null 'name="x"' memory=64 'kernel="${guest.kernel}"' 'type="pv"'`],
  ['xl-create-syntax-error', 'xl create /tmp/bad.cfg'],
  ['xl-create-no-name', 'xl create /tmp/bad2.cfg'],
  ['xl-create-missing-kernel', 'xl create /tmp/bad3.cfg'],
  ['xl-create-missing-disk', 'xl create /tmp/bad4.cfg'],
  ['xl-create-missing-bridge', 'xl create /tmp/bad5.cfg'],
  ['xl-create-no-memory', 'xl create /tmp/bad6.cfg'],
  ['xl-create-missing-file', 'xl create /tmp/nosuch.cfg'],
  ['xl-create-duplicate-name', 'xl create /tmp/pv1.cfg'],
  ['xl-create-disk-in-use', 'xl create /tmp/pvn.cfg'],
  ['xl-destroy-missing', 'xl destroy nosuch'],
  ['xl-shutdown-missing', 'xl shutdown nosuch'],
  ['xl-pause-missing', 'xl pause nosuch'],
  ['', 'xl pause pv1'],
  ['xl-list-paused', 'xl list'],
  ['xl-list-l-paused', 'xl list -l pv1'],
  ['', 'xl unpause pv1'],
  ['xl-unpause-again', 'xl unpause pv1'],
  ['', 'xl mem-set pv1 128; sleep 5'],
  ['xl-list-after-mem-set', 'xl list pv1'],
  ['xl-unknown-command', 'xl frobnicate'],
  ['', 'xl destroy pvn; xl destroy pvq'],
  ['zfs-rollback-busy', 'zfs rollback -r tank/vm1@a'],
  ['zfs-destroy-busy', 'zfs destroy -r tank/vm1'],
  ['xl-save', 'xl save pv1 /tmp/pv1.save'],
  ['xl-restore', 'xl restore /tmp/pv1.save'],
  ['xl-save-checkpoint', 'xl save -c pv1 /tmp/pv1.save'],
  ['xl-shutdown-nowait', 'xl shutdown pv1'],
  ['xl-shutdown-wait', 'xl shutdown -w pvz'],
  ['', 'while xl domid pvz >/dev/null 2>&1; do sleep 1; done'],
  ['xl-destroy-then-zfs-destroy', 'zfs destroy -r tank/vm1'],
  ['zfs-promote', 'zfs clone tank/images/base@v1 tank/vm3 && zfs promote tank/vm3 && zfs list -t all -r tank'],
  ['zfs-send-recv', 'zfs send tank/vm3@v1 | zfs recv tank/copy && zfs list tank/copy'],
]

beforeAll(async () => {
  for (const [name, text] of Object.entries(files)) await dom0.writeFile(`/tmp/${name}.cfg`, text)
})

for (const [name, command] of rows)
  test(name ? `${name} exits as before` : command, async () => {
    const { exitCode, stdout, stderr } = await dom0.exec(['sh', '-c', command], { timeoutMs: 170_000 })
    const created = /^xl create .tmp.(\w+)\.cfg$/.exec(command)?.[1]
    if (!name && created)
      await until(`GUEST UP of ${created}`, async () => (await dom0.console(created)).includes('GUEST UP'), 120_000)
    if (!name) return
    const before = await readTextIfThere(join(earlier, `${name}.rc`))
    if (before !== undefined) expect(`${exitCode}`).toBe(before.trim())
    await write(`${name}.rc`, `${exitCode}\n`)
    await write(`${name}.txt`, stdout)
    await write(`${name}.stderr.txt`, stderr)
  })

async function write(name: string, text: string): Promise<void> {
  const path = join(folder, name)
  if (text === '') await rm(path, { force: true })
  else await replaceFile(path, text)
}
