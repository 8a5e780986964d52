import { nearest } from './nearest.ts'

/** Something that is wrong with a stack: where, and a sentence. */
export interface Fault {
  /** `['instances', 0, 'memory']` */
  path: readonly (string | number)[]
  message: string
}

export type Path = Fault['path']
export type Report = (path: Path, message: string) => void

/** Reports a name that none of some things of the stack has. Answers whether one has it. */
export function isKnown(name: string, known: readonly string[], noun: string, path: Path, report: Report): boolean {
  if (known.includes(name)) return true
  const meant = nearest(name, known)
  report(path, `there is no ${noun} ${name} in this stack${meant ? `; did you mean ${meant}?` : ''}`)
  return false
}

export function namesOf(things: readonly { name: string }[] | undefined): string[] {
  return (things ?? []).map(({ name }) => name)
}
