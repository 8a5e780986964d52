import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openTestMachine, type TestMachine } from '../machine.ts'

/** The machine on which the captures were made, as far as it is simulated. */
const rig = {
  version: '4.17.7',
  totalMiB: 3071,
  dom0MiB: 1024,
  dom0Vcpus: 1,
  cpus: 2,
  commandLine:
    'console=com1 com1=115200 dom0_mem=1024M,max:1024M dom0_max_vcpus=1 noreboot loglvl=all guest_loglvl=all spec-ctrl=no xpti=no',
}

export async function openRig(): Promise<TestMachine> {
  const host = await openTestMachine({ xen: rig }, ['xenbr0'])
  for (const folder of ['tmp', 'opt/guest']) await mkdir(join(host.root, folder), { recursive: true })
  for (const file of ['opt/guest/vmlinux', 'opt/guest/initrd-guest', 'tmp/a.img', 'tmp/ov.qcow2', 'tmp/c1.img'])
    await writeFile(join(host.root, file), Buffer.alloc(512))
  return host
}

export interface GuestFacts {
  name: string
  uuid?: string
  disk?: string
  mac?: string
  address?: string
  more?: string
}

/** The configuration of a PV guest, in the form of the captured one; paths are below the machine's root. */
export function guestConfig({ root }: TestMachine, guest: GuestFacts): string {
  return `name="${guest.name}"
type="pv"
${guest.uuid ? `uuid="${guest.uuid}"\n` : ''}kernel="${root}/opt/guest/vmlinux"
ramdisk="${root}/opt/guest/initrd-guest"
extra="console=hvc0 quiet mitigations=off guestip=${guest.address ?? '10.9.0.11'}"
memory=160
vcpus=1
disk=["${guest.disk ?? `format=raw,vdev=xvda,access=rw,target=${root}/tmp/a.img`}"]
vif=["bridge=xenbr0,mac=${guest.mac ?? '00:16:3e:00:00:11'}"]
${guest.more ?? ''}
`
}

/** Writes a configuration to /tmp/NAME.cfg of the machine and answers its path. */
export async function writeConfig({ root }: TestMachine, name: string, text: string): Promise<string> {
  const path = join(root, `tmp/${name}.cfg`)
  await writeFile(path, text)
  return path
}

/** Creates a guest, and waits until it is up. */
export async function startGuest(host: TestMachine, guest: GuestFacts): Promise<void> {
  await host.ok('xl', 'create', await writeConfig(host, guest.name, guestConfig(host, guest)))
  await host.clock.advance(1000)
}

/** Makes creations fail until the next domain gets this number. */
export async function skipTo(host: TestMachine, domid: number): Promise<void> {
  const path = await writeConfig(
    host,
    'skip',
    guestConfig(host, { name: 'skip', disk: 'vdev=xvda,target=/nonexistent' }),
  )
  for (;;) {
    const { stderr } = await host.run('xl', 'create', path)
    if (stderr.includes(`Domain ${domid - 1}:`)) return
  }
}
