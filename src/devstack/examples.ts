import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { readComponentFile } from '../artifact/component-file.ts'
import type { ComponentFile } from '../contract/component.ts'
import { makeFolder, moveInto, remove, replaceFile, temporaryBeside } from '../platform/files.ts'

/**
 * Prepares two versions of compute to publish: `compute-1.1.0`, which works, and `compute-1.2.0-broken`, whose health check fails on
 * every host. Both are made anew each time, from what was built.
 */
export async function prepareExamples(compute: string, folder: string): Promise<void> {
  const component = await readComponentFile(compute)
  await prepare(compute, join(folder, 'compute-1.1.0'), component, {
    'NOTES.txt': 'compute 1.1.0: an example of the devstack, the same program as 1.0.0 under a new version.\n',
  })
  const check: ComponentFile['health'][number] = { name: 'hypervisor', kind: 'command', program: 'check-hypervisor' }
  await prepare(
    compute,
    join(folder, 'compute-1.2.0-broken'),
    { ...component, health: [...component.health, check] },
    {
      'NOTES.txt': 'compute 1.2.0: an example of the devstack that no host keeps.\n',
      'check-hypervisor':
        '#!/bin/sh\n' +
        'echo "the hypervisor speaks interface version 21, but this compute was built for 22" >&2\n' +
        'exit 1\n',
    },
  )
}

async function prepare(from: string, to: string, component: ComponentFile, files: Readonly<Record<string, string>>) {
  await makeFolder(join(to, '..'))
  const fresh = temporaryBeside(to)
  await cp(from, fresh, { recursive: true })
  await replaceFile(join(fresh, 'component.json'), `${JSON.stringify(component, null, 2)}\n`)
  for (const [name, text] of Object.entries(files)) {
    const mode = text.startsWith('#!') ? 0o755 : 0o644
    await replaceFile(join(fresh, name), text, { mode })
  }
  await remove(to)
  await moveInto(fresh, to)
}
