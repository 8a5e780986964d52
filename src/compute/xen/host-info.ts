import { AppError } from '../../contract/errors.ts'
import type { Hardware } from '../driver.ts'

/** `xl info`: facts of the hypervisor by their names. */
export type HostInfo = ReadonlyMap<string, string>

export function readHostInfo(text: string): HostInfo {
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const at = line.indexOf(':')
      return at < 0 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()]]
    }),
  )
}

/** A fact that is a whole number; undefined when it is not there, or is none. */
export function numberOf(info: HostInfo, key: string): number | undefined {
  const text = info.get(key)
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** Reads `xl info -n`. @throws AppError command-failed when it does not tell all */
export function readHardware(text: string): Hardware {
  const info = readHostInfo(text)
  const fact = (key: string) => {
    const value = numberOf(info, key)
    if (value === undefined) throw new AppError('command-failed', `xl info tells no ${key}`)
    return value
  }
  // The numbers of the processors have gaps where hyper-threads are off.
  const [, rows = ''] = /^cpu_topology.*\n.*\n((?: *\d+:.*\n)+)/m.exec(text) ?? []
  return {
    memoryMiB: fact('total_memory'),
    freeMemoryMiB: fact('free_memory'),
    cpus: fact('nr_cpus'),
    processors: [...rows.matchAll(/^ *(\d+):/gm)].map(([, number]) => Number(number)),
  }
}
