import { type MachineFacts, osreldate } from '../machine.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** uname(1). Whatever the order of the flags, the answers come in this one, which is that of `-a` for those it stands for. */
const fields: Readonly<Record<string, (facts: MachineFacts) => string>> = {
  s: () => 'FreeBSD',
  o: () => 'FreeBSD',
  n: (facts) => facts.hostname,
  r: (facts) => facts.release,
  v: (facts) => `FreeBSD ${facts.release} GENERIC`,
  m: (facts) => facts.architecture,
  p: (facts) => (facts.architecture === 'arm64' ? 'aarch64' : facts.architecture),
  i: () => 'GENERIC',
  U: (facts) => String(osreldate(facts.release)),
  K: (facts) => String(osreldate(facts.release)),
}

export const uname: SimulatedTool = (call, { facts }) => {
  const letters = new Set<string>()
  for (const argument of call.arguments) {
    if (!argument.startsWith('-')) return refuses(1, usage)
    for (const letter of argument.slice(1)) {
      if (letter !== 'a' && !(letter in fields)) return refuses(1, `uname: illegal option -- ${letter}`, usage)
      for (const each of letter === 'a' ? 'snrvm' : letter) letters.add(each)
    }
  }
  if (letters.size === 0) letters.add('s')
  const words = Object.entries(fields).filter(([letter]) => letters.has(letter))
  return prints(words.map(([, field]) => field(facts)).join(' '))
}

const usage = 'usage: uname [-abiKmnoprsUv]'
