import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { componentFolder } from '../support/component-folder.ts'
import { startServer } from '../support/processes.ts'
import { slipway } from '../support/slipway.ts'
import { smallDisk } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('U11: on a server whose disk is full a publication fails with a clear error, what was there is served, and smaller ones still work', async () => {
  const folder = await temporaryFolder()
  const disk = join(folder, 'disk')
  await smallDisk(disk, 24)
  const server = await startServer(join(disk, 'data'), '127.0.0.1:0')
  const env = {
    SLIPWAY_URL: server.url,
    SLIPWAY_TOKEN: (await readFile(join(disk, 'data/admin-token'), 'utf8')).trim(),
  }
  const small = await componentFolder(join(folder, 'small'), { name: 'small', mebibytes: 1 })
  const large = await componentFolder(join(folder, 'large'), { name: 'large', mebibytes: 40 })

  expect((await slipway(['publish', small, '--version', '1.0.0'], { env })).exitCode).toBe(0)
  const refused = await slipway(['publish', large, '--version', '1.0.0'], { env })
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('no space is left on the disk')
  expect((await slipway(['artifact', 'list', '--json'], { env })).stdout).not.toContain('"components/large"')

  const again = await slipway(['publish', small, '--version', '1.1.0'], { env })
  expect([again.exitCode, again.stderr]).toEqual([0, ''])
})
