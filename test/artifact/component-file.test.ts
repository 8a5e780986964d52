import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readComponentFile } from '../../src/artifact/component-file.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const good = {
  name: 'compute',
  platform: { os: 'freebsd', architecture: '*', 'os.version': '14' },
  requires: {},
  services: ['slipway_compute'],
  links: [{ path: '/usr/local/etc/rc.d/slipway_compute', target: 'rc.d/slipway_compute' }],
  health: [{ name: 'answers', kind: 'command', program: 'check' }],
  configuration: ['compute.yaml'],
}

async function folderWith(component: unknown): Promise<string> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'rc.d'))
  await writeFile(join(folder, 'rc.d/slipway_compute'), '')
  await writeFile(join(folder, 'compute.yaml'), '')
  await writeFile(join(folder, 'check'), '', { mode: 0o755 })
  await writeFile(join(folder, 'component.json'), typeof component === 'string' ? component : JSON.stringify(component))
  return folder
}

test('a component whose files are all there is read', async () => {
  expect(await readComponentFile(await folderWith(good))).toEqual(good)
})

const bad = [
  { name: 'text that is not JSON', component: '{', message: 'component.json is not JSON' },
  {
    name: 'an unknown platform',
    component: { ...good, platform: { os: 'plan9', architecture: '*', 'os.version': '*' } },
    message: 'platform.os must be equal to one of the allowed values "*", "freebsd" (it is "plan9")',
  },
  { name: 'a version', component: { ...good, version: '1.0.0' }, message: 'version is not a known key' },
  {
    name: 'a link to a file that is not there',
    component: { ...good, links: [{ path: '/usr/local/etc/rc.d/x', target: 'rc.d/x' }] },
    message: 'links.0 names rc.d/x, which is no file of',
  },
  {
    name: 'a configuration file that is not there',
    component: { ...good, configuration: ['network.yaml'] },
    message: 'configuration.0 names network.yaml',
  },
  {
    name: 'a check whose program is a folder',
    component: { ...good, health: [{ name: 'a', kind: 'command', program: 'rc.d' }] },
    message: 'health.0 names rc.d, which is no file of',
  },
  {
    name: 'a check whose program cannot be executed',
    component: { ...good, health: [{ name: 'a', kind: 'command', program: 'compute.yaml' }] },
    message: 'health.0 names compute.yaml, which is not executable',
  },
  {
    name: 'two checks with one name',
    component: { ...good, health: [good.health[0], good.health[0]] },
    message: 'health has two checks with the name answers',
  },
]
for (const { name, component, message } of bad)
  test(`${name} is refused with the reason`, async () => {
    const folder = await folderWith(component)
    const read = readComponentFile(folder)
    await expect(read).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining(message) })
  })

test('a folder without component.json is refused with its path', async () => {
  const folder = await temporaryFolder()
  await expect(readComponentFile(folder)).rejects.toThrow(`there is no ${folder}/component.json`)
})
