import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readComponentFile } from '../../src/artifact/component-file.ts'
import { prepareExamples } from '../../src/devstack/examples.ts'
import { publishTree } from '../../src/devstack/publish-tree.ts'
import { makeFolder, remove } from '../../src/platform/files.ts'
import { openHttp } from '../../src/platform/http.ts'
import { componentFile } from '../support/component-file.ts'
import { openTestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const names = ['agent', 'compute', 'network', 'rc']

async function writeComponent(folder: string, name: string): Promise<void> {
  await makeFolder(folder)
  await writeFile(join(folder, 'component.json'), JSON.stringify(componentFile({ name })))
  await writeFile(join(folder, 'main.js'), `// ${name}\n`)
}

/** A server, and a tree that was built. */
async function openTree() {
  const server = await openTestServer()
  const folder = await temporaryFolder()
  for (const name of names) await writeComponent(join(folder, 'components', name), name)
  const publish = async () => {
    const lines: string[] = []
    const http = openHttp({ url: server.url, authorization: `Bearer ${server.adminToken}` })
    const components = join(folder, 'components')
    const options = { components, temporaryFolder: join(folder, 'tmp'), signal: new AbortController().signal }
    try {
      await publishTree(http, { ...options, say: (line) => lines.push(line) })
    } finally {
      await http.close()
    }
    return lines
  }
  const pointers = async (): Promise<Record<string, string>> => {
    const { body } = await server.api('GET', '/channels/stable')
    return Object.fromEntries(
      body.pointers.map(({ component, version }: { component: string; version: string }) => [component, version]),
    )
  }
  return { server, folder, publish, pointers }
}

const first = { agent: '1.0.0', compute: '1.0.0', network: '1.0.0', rc: '1.0.0' }

test('the tree is published as 1.0.0, and stable points to it', async () => {
  const { publish, pointers } = await openTree()
  const lines = await publish()
  expect(lines.slice(0, 4).map((line) => line.replace(/\(.*/, '').trim())).toEqual(
    names.map((name) => `server: ${name}@1.0.0 is published`),
  )
  expect(lines[4]).toBe('server: the channel "stable" points to agent, compute, network, rc 1.0.0')
  expect(await pointers()).toEqual(first)
})

test('a second start publishes nothing anew and leaves the channel where people moved it', async () => {
  const { server, publish, pointers } = await openTree()
  await publish()
  await server.publish('compute', '1.1.0')
  await server.api('POST', '/channels/stable/promotions', {
    body: { releases: [{ component: 'compute', version: '1.1.0' }] },
  })
  await publish()
  expect(await pointers()).toEqual({ ...first, compute: '1.1.0' })
})

test('a tree that changed since keeps what was published as 1.0.0, and says so', async () => {
  const { folder, publish, pointers } = await openTree()
  await publish()
  await writeFile(join(folder, 'components/network/main.js'), '// changed\n')
  const lines = await publish()
  expect(lines).toContain(
    'server: network@1.0.0 stays as an earlier run published it, though this tree now builds another one',
  )
  expect(lines.filter((line) => line.includes('is published'))).toHaveLength(3)
  expect(await pointers()).toEqual(first)
})

test('a tree that was not built is told with the command that builds it', async () => {
  const { folder, publish } = await openTree()
  await remove(join(folder, 'components/rc'))
  await expect(publish()).rejects.toThrow(
    `there is no component in ${folder}/components/rc; run \`npm run build\` first`,
  )
})

test('the examples are two versions of compute: one that works, one whose check says why it does not', async () => {
  const folder = await temporaryFolder()
  await writeComponent(join(folder, 'compute'), 'compute')
  await prepareExamples(join(folder, 'compute'), join(folder, 'examples'))
  await prepareExamples(join(folder, 'compute'), join(folder, 'examples'))
  expect(await readComponentFile(join(folder, 'examples/compute-1.1.0'))).toMatchObject({ name: 'compute', health: [] })
  expect((await readComponentFile(join(folder, 'examples/compute-1.2.0-broken'))).health).toEqual([
    { name: 'hypervisor', kind: 'command', program: 'check-hypervisor' },
  ])
  expect(await readFile(join(folder, 'examples/compute-1.2.0-broken/main.js'), 'utf8')).toBe('// compute\n')
})
