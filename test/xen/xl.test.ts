import { afterAll, inject } from 'vitest'
import { xenFactsSuite } from '../suites/xen-facts.ts'
import { until } from '../support/processes.ts'
import { connectDom0, guest } from './dom0.ts'
import { showLogsOfFailures } from './show-logs.ts'

const { socket, endsAt } = inject('machine')
const dom0 = await connectDom0(socket, endsAt)
showLogsOfFailures(dom0)
afterAll(() => dom0.close())

xenFactsSuite('the real Xen', async () => ({
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
}))

/** udev makes the names below /dev/zvol some time after ZFS. */
async function device(volume: string): Promise<void> {
  await until(`the device of ${volume}`, async () => {
    const { exitCode } = await dom0.exec(['test', '-b', `/dev/zvol/tank/${volume}`])
    return exitCode === 0
  })
}
