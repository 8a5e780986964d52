import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** freebsd-version(1): installed kernel (-k), running kernel (-r), installed userland (-u, and without flags). */
export const freebsdVersion: SimulatedTool = (call, { facts }) => {
  const letters = call.arguments.flatMap((argument) => (argument.startsWith('-') ? [...argument.slice(1)] : ['?']))
  const unknown = letters.find((letter) => !'kru'.includes(letter))
  if (unknown !== undefined)
    return refuses(1, `freebsd-version: illegal option -- ${unknown}`, 'usage: freebsd-version [-kru] [-j jail]')
  return prints(...Array<string>(Math.max(1, new Set(letters).size)).fill(facts.release))
}
