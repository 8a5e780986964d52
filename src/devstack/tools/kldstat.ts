import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** kldstat(8): `[-q] -m MODULE` and `[-q] -n FILE` ask whether one is loaded. */
export const kldstat: SimulatedTool = ({ arguments: words }, { modules }) => {
  const quiet = words.includes('-q')
  const asked = words.filter((word) => word !== '-q')
  if (asked.length === 0)
    return prints(
      'Id Refs Address                Size Name',
      ...[...modules].map((name, at) => `${String(at + 1).padStart(2)}    1 0xffffffff80200000  1f3c000 ${name}`),
    )
  const [flag, word] = asked
  if ((flag !== '-m' && flag !== '-n') || word === undefined || asked.length > 2)
    return refuses(1, 'usage: kldstat [-dhqv] [-i id] [-n filename]', '       kldstat [-dhq] [-m modname]')
  const name = word.replace(/\.ko$/, '')
  if (modules.has(name)) return quiet ? prints() : prints(name)
  return quiet
    ? refuses(1)
    : refuses(1, `kldstat: can't find ${flag === '-m' ? 'module' : 'file'} ${word}: No such file or directory`)
}
