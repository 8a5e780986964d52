import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ComponentFile } from '../contract/component.ts'
import { AppError } from '../contract/errors.ts'
import { parseJson } from '../contract/parse.ts'
import { readTextIfThere } from '../platform/files.ts'

const fileName = 'component.json'

/**
 * Reads `component.json` of a folder that is to be published, and checks that each file it names is there.
 * @throws AppError input-invalid, with every key that is wrong or every file that is missing
 */
export async function readComponentFile(folder: string): Promise<ComponentFile> {
  const path = join(folder, fileName)
  const text = await readTextIfThere(path)
  if (text === undefined)
    throw new AppError(
      'input-invalid',
      `there is no ${path}: it says the name, the platform and the services of a component`,
    )
  const component = parseJson(ComponentFile, text, path)
  const problems: string[] = []
  for (const { key, file, executable } of namedFiles(component)) {
    const info = await stat(join(folder, file)).catch(() => undefined)
    if (!info?.isFile()) problems.push(`${key} names ${file}, which is no file of ${folder}`)
    else if (executable && (info.mode & 0o111) === 0) problems.push(`${key} names ${file}, which is not executable`)
  }
  const checks = component.health.map((check) => check.name)
  const twice = checks.find((name, index) => checks.indexOf(name) !== index)
  if (twice !== undefined) problems.push(`health has two checks with the name ${twice}`)
  if (problems.length > 0) throw new AppError('input-invalid', `${path}: ${problems.join('; ')}`)
  return component
}

function namedFiles(component: ComponentFile): { key: string; file: string; executable: boolean }[] {
  return [
    ...component.links.map(({ target }, index) => ({ key: `links.${index}`, file: target, executable: false })),
    ...component.configuration.map((file, index) => ({ key: `configuration.${index}`, file, executable: false })),
    ...component.health.flatMap((check, index) =>
      check.kind === 'command' ? [{ key: `health.${index}`, file: check.program, executable: true }] : [],
    ),
  ]
}
