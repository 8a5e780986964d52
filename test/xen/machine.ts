import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readTextIfThere } from '../../src/platform/files.ts'
import { openChannel } from './channel.ts'

export interface Machine {
  /** The unix socket of the agent in dom0. */
  socket: string
  /** When the machine is stopped, whatever it does; in ms since 1970. */
  endsAt: number
  stop(): Promise<void>
}

/** The machine is stopped after this, twice what a run takes when nothing else computes. */
const lifeSeconds = 30 * 60
/** From the start of QEMU until the agent answers; 40 s on an idle machine. */
const bootMs = 240_000

/**
 * Boots Xen and its dom0 from `image` in a machine that QEMU emulates, without KVM and without a network. Nothing that happens in it outlives
 * it: its files in `folder` are the console (console.log) and an empty disk for the pool.
 * @throws Error with the end of the console when dom0 does not come up
 */
export async function bootMachine(image: string, folder: string): Promise<Machine> {
  const socket = join(folder, 'agent')
  const consoleLog = join(folder, 'console.log')
  const pool = join(folder, 'pool.img')
  await writeFile(pool, '')
  await truncate(pool, 2 * 1024 ** 3)
  const endsAt = Date.now() + lifeSeconds * 1000

  const qemu = spawn(
    // With the tests it ends, however they end.
    'setpriv',
    [
      ...['--pdeathsig', 'TERM'],
      // First in line where others compute: libxl gives up on a script that takes longer than 40 s.
      ...['nice', '-n', '-5'],
      ...['timeout', '--kill-after=5', String(lifeSeconds), 'qemu-system-x86_64'],
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
      // Debian 12's QEMU emulates some things wrongly: with SMAP dom0 crashes at once, with RDTSCP guests with hardware support hang.
      ...['-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max,-smap,-rdtscp', '-smp', '2', '-m', '3072'],
      ...['-serial', `file:${consoleLog}`],
      ...['-kernel', join(image, 'xen')],
      ...[
        '-append',
        'console=com1 com1=115200 dom0_mem=1024M,max:1024M dom0_max_vcpus=1 noreboot spec-ctrl=no xpti=no',
      ],
      // Xen's modules: the kernel of dom0 with its command line, then the initial file system. QEMU splits them at the comma.
      ...[
        '-initrd',
        `${join(image, 'vmlinux')} console=hvc0 quiet loglevel=4 mitigations=off,${join(image, 'initrd-dom0')}`,
      ],
      ...['-drive', `file=${join(image, 'root.img')},format=raw,if=virtio,snapshot=on`],
      ...['-drive', `file=${pool},format=raw,if=virtio,cache=unsafe,discard=unmap`],
      ...['-device', 'virtio-serial', '-chardev', `socket,path=${socket},server=on,wait=off,id=agent`],
      ...['-device', 'virtserialport,chardev=agent,name=agent'],
    ],
    { stdio: ['ignore', 2, 2] },
  )
  // Where the kernel shares its processors among sessions, niceness counts only within one.
  await writeFile('/proc/self/autogroup', '-5').catch(() => {})
  const ended = once(qemu, 'exit')
  const stop = async () => {
    qemu.kill('SIGTERM')
    await ended
  }

  const answers = async () => {
    for (;;) {
      try {
        return (await openChannel(socket, endsAt)).close()
      } catch (error) {
        // QEMU has not opened it yet.
        if (!['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
      }
      await sleep(100)
    }
  }
  const refuses = async (why: string, when: Promise<unknown>) => {
    await when
    throw new Error(why)
  }
  const late = refuses(`nothing answered within ${bootMs / 1000} s`, sleep(bootMs, undefined, { ref: false }))
  try {
    await Promise.race([answers(), refuses('QEMU has ended', ended), late])
  } catch (cause) {
    await stop()
    const said = (await readTextIfThere(consoleLog)) ?? ''
    throw new Error(`dom0 did not come up: ${(cause as Error).message}. The end of its console:\n${said.slice(-3000)}`)
  }
  return { socket, endsAt, stop }
}
