import { readFile } from 'node:fs/promises'
import type { Static, TObject } from 'typebox'
import { Value } from 'typebox/value'
import { parse as parseYaml } from 'yaml'
import { AppError } from '../contract/errors.ts'
import { parse } from '../contract/parse.ts'

export interface ConfigSources {
  /** A YAML file that must be there. */
  file?: string | undefined
  /** The environment, and the prefix of the variables that count: `SLIPWAY_` reads `publicUrl` from SLIPWAY_PUBLIC_URL. */
  environment?: { variables: Readonly<Record<string, string | undefined>>; prefix: string }
  /** What the command line says; an undefined value says nothing. */
  flags?: Readonly<Record<string, unknown>>
}

/**
 * File, then environment, then flags, the later winning; then defaults, then the schema; frozen.
 * Only keys at the top of the schema can be set by the environment.
 * @throws AppError config-invalid, naming the key, its value and the source
 */
export async function loadConfig<S extends TObject>(schema: S, sources: ConfigSources): Promise<Readonly<Static<S>>> {
  const fromFile = sources.file === undefined ? {} : await readYaml(sources.file)
  const fromEnvironment: Record<string, string> = {}
  if (sources.environment) {
    const { variables, prefix } = sources.environment
    for (const key of Object.keys(schema.properties)) {
      const value = variables[prefix + key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()]
      if (value !== undefined && value !== '') fromEnvironment[key] = value
    }
  }
  const fromFlags = Object.fromEntries(Object.entries(sources.flags ?? {}).filter(([, value]) => value !== undefined))
  // Environment and flags are text; the file already has types, and keeps them, so that `port: "80"` in it is told.
  const texts = Value.Convert(schema, { ...fromEnvironment, ...fromFlags }) as object
  const value = Value.Default(schema, { ...fromFile, ...texts })
  return deepFreeze(parse(schema, value, sources.file ?? 'configuration', 'config-invalid'))
}

async function readYaml(path: string): Promise<object> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new AppError('config-invalid', `cannot read the configuration file ${path}: ${(cause as Error).message}`, {
      cause,
    })
  }
  let value: unknown
  try {
    value = parseYaml(text)
  } catch (cause) {
    throw new AppError('config-invalid', `${path} is not YAML: ${(cause as Error).message}`, { cause })
  }
  if (value === null) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value
  throw new AppError(
    'config-invalid',
    `${path} must hold keys and values, but it holds ${JSON.stringify(value).slice(0, 60)}`,
  )
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
