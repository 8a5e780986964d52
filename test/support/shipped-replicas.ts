import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The example of several servers that ships. */
export const replicasFolder = join(import.meta.dirname, '../../deploy/replicas')

export const shippedReplicas = (file: string) => readFile(join(replicasFolder, file), 'utf8')

/** The commands of its README that stand in the same block as this one. */
export async function commandsWith(command: string): Promise<string> {
  const blocks = [...(await shippedReplicas('README.md')).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
    ([, text = '']) => text,
  )
  const found = blocks.filter((block) => block.includes(command))
  if (found.length !== 1) throw new Error(`${command} stands in ${found.length} blocks of README.md`)
  return found[0] as string
}
