import type { Static, TSchema } from 'typebox'
import { DesiredInstances } from '../contract/desired.ts'
import { DesiredInstance, DesiredVolume } from '../contract/instance.ts'
import { Operation } from '../contract/operation.ts'
import { parse, parseJson } from '../contract/parse.ts'
import type { Read } from '../platform/generation-file.ts'

/** What this host is to run, as far as this release understands it. */
export interface Desired extends Read {
  instances: ReadonlyMap<string, DesiredInstance>
  volumes: ReadonlyMap<string, DesiredVolume>
  operations: readonly Operation[]
}

export const nothingDesired: Desired = {
  generation: 0,
  problems: [],
  instances: new Map(),
  volumes: new Map(),
  operations: [],
}

/**
 * Reads the file that the agent writes. A row that is not understood is a problem and costs no other row; what it stands for is left alone.
 * @throws AppError input-invalid when the file itself has another form
 */
export function readDesired(text: string): Desired {
  const { generation, instances, volumes = [], operations = [] } = parseJson(DesiredInstances, text, 'instances.json')
  const problems: string[] = []
  const read = <S extends TSchema>(schema: S, rows: readonly unknown[], what: string): Static<S>[] =>
    rows.flatMap((row, at) => {
      try {
        return [parse(schema, row, `${what} ${labelOf(row) ?? at}`)]
      } catch (error) {
        problems.push((error as Error).message)
        return []
      }
    })
  const unique = <T extends { id: string; name: string }>(rows: T[], what: string): ReadonlyMap<string, T> => {
    const byId = new Map<string, T>()
    for (const row of rows)
      if (byId.has(row.id)) problems.push(`${what} ${row.name} is named twice (${row.id}); the first is taken`)
      else byId.set(row.id, row)
    return byId
  }
  return {
    generation,
    instances: unique(read(DesiredInstance, instances, 'instance'), 'instance'),
    volumes: unique(read(DesiredVolume, volumes, 'volume'), 'volume'),
    // The agent itself dials consoles.
    operations: read(Operation, operations, 'operation').filter(({ kind }) => kind !== 'console'),
    problems,
  }
}

function labelOf(row: unknown): string | undefined {
  const { name, id } = (row ?? {}) as { name?: unknown; id?: unknown }
  return [name, id].find((it): it is string => typeof it === 'string')?.slice(0, 84)
}
