import { randomBytes } from 'node:crypto'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ComponentFile } from '../../src/contract/component.ts'
import { componentFile } from './component-file.ts'

/** Makes a component's folder with a file of random bytes, which no compression makes smaller. */
export async function componentFolder(
  folder: string,
  { mebibytes = 0, ...changes }: Partial<ComponentFile> & { mebibytes?: number } = {},
): Promise<string> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'component.json'), JSON.stringify(componentFile({ name: 'big', ...changes })))
  const file = await open(join(folder, 'bytes'), 'w')
  for (let written = 0; written < mebibytes; written += 1) await file.write(randomBytes(1 << 20))
  await file.close()
  return folder
}
