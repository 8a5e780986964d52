import type { XenHost } from '../suites/xen-host.ts'
import { until } from '../support/processes.ts'
import { type Dom0, guest } from './dom0.ts'

/** The real Xen, as the facts about its tools see it. */
export function factsHost(dom0: Dom0): XenHost {
  /** udev makes the names below /dev/zvol some time after ZFS. */
  const device = async (volume: string) => {
    await until(`the device of ${volume}`, async () => {
      const { exitCode } = await dom0.exec(['test', '-b', `/dev/zvol/tank/${volume}`])
      return exitCode === 0
    })
  }

  return {
    system: 'linux',
    exec: dom0.exec,
    writeFile: dom0.writeFile,
    readFile: async (path) => (await dom0.readFile(path)).toString(),
    async writeVolume(volume, text) {
      const of = `of=/dev/zvol/tank/${volume}`
      await device(volume)
      await dom0.exec(['dd', of, 'bs=512', 'count=1', 'conv=sync,notrunc,fsync'], { stdin: text.padEnd(512, '\0') })
    },
    async readVolume(volume) {
      await device(volume)
      const { stdout } = await dom0.exec(['dd', `if=/dev/zvol/tank/${volume}`, 'bs=512', 'count=1', 'iflag=direct'])
      return stdout.replace(/\0.*$/s, '')
    },
    console: dom0.console,
    pool: 'tank',
    bridge: 'xenbr0',
    guest,
    folder: '/tmp',
  }
}
