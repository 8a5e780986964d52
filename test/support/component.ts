import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ComponentFile } from '../../src/contract/component.ts'
import { componentFile } from './component-file.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A folder that can be published. */
export async function componentFolder(change: Partial<ComponentFile> = {}, content = 'main'): Promise<string> {
  const folder = join(await temporaryFolder(), 'component')
  await mkdir(folder)
  await writeFile(join(folder, 'component.json'), JSON.stringify(componentFile(change)))
  await writeFile(join(folder, 'main.js'), content)
  return folder
}
