import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { writeSeed } from '../../src/compute/seed/write-seed.ts'
import { seedFacts } from '../support/seed-facts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function run(program: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const PATH = '/usr/bin:/bin:/usr/sbin:/sbin'
  return (await promisify(execFile)(program, args, { env: { PATH, LC_ALL: 'C', ...env } })).stdout
}

/** What a guest's tools make of the seed. */
describe('a seed', () => {
  let folder: string
  let seed: string
  beforeEach(async () => {
    folder = await temporaryFolder()
    seed = join(folder, 'seed.img')
    await writeSeed(seed, seedFacts)
  })

  test('is a sound FAT file system to fsck, and has its label to blkid', async () => {
    await run('fsck.fat', ['-n', seed])
    const found = await run('blkid', ['-c', '/dev/null', '-o', 'export', seed])
    expect(found).toContain('LABEL=CIDATA\n')
    expect(found).toContain('TYPE=vfat\n')
  })

  test('is taken as NoCloud by the rules of cloud-init, as the first boot of a guest goes through them', async () => {
    const tools = join(folder, 'tools')
    const root = join(folder, 'root')
    await mkdir(tools)
    for (const path of ['run', 'proc/1', 'etc/cloud', 'sys/class/dmi/id', 'var/lib/cloud', 'dev'])
      await mkdir(join(root, path), { recursive: true })
    // The machine that the rules look at has one disk, the seed, and runs on Xen.
    for (const [name, line] of [
      ['blkid', `exec /usr/sbin/blkid -c /dev/null -o export ${seed}`],
      ['systemd-detect-virt', 'echo xen'],
    ] as const) {
      await writeFile(join(tools, name), `#!/bin/sh\n${line}\n`)
      await chmod(join(tools, name), 0o755)
    }
    const PATH = `${tools}:/usr/bin:/bin:/usr/sbin:/sbin`
    await run('sh', ['/usr/lib/cloud-init/ds-identify', '--force'], { PATH, PATH_ROOT: root })
    expect(await readFile(join(root, 'run/cloud-init/cloud.cfg'), 'utf8')).toContain(
      'datasource_list: [ NoCloud, None ]',
    )
  })

  test('holds files that cloud-init reads as they are meant', async () => {
    const files = join(folder, 'files')
    await mkdir(files)
    await run('mcopy', ['-n', '-i', seed, '::/meta-data', '::/user-data', '::/network-config', files])
    await run('cloud-init', ['schema', '--config-file', join(files, 'user-data')])
    const script = `
import json, sys
from cloudinit import util
from cloudinit.net.network_state import parse_net_config_data
read = lambda name: util.load_yaml(open(sys.argv[1] + '/' + name).read())
state = parse_net_config_data(read('network-config'))
print(json.dumps({'meta': read('meta-data'), 'interfaces': list(state.iter_interfaces())}))`
    const { meta, interfaces } = JSON.parse(await run('/usr/bin/python3', ['-c', script, files]))
    expect(meta).toEqual({
      'instance-id': seedFacts.instanceId,
      'local-hostname': 'front-0',
      'public-keys': seedFacts.sshKeys,
    })
    expect(interfaces).toMatchObject([
      {
        mac_address: '00:16:3e:01:02:03',
        mtu: 1400,
        subnets: [
          { type: 'static', address: '192.0.2.10', prefix: 24, gateway: '192.0.2.1', dns_nameservers: ['192.0.2.2'] },
          { type: 'static', address: '2001:db8::10', prefix: 64, gateway: '2001:db8::1' },
        ],
      },
    ])
  })
})
