import { getopt } from './getopt.ts'
import { Refused, saidOf } from './refused.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** ps(1): `-axww -o pid= -o stat= -o args=`, of the machine's own daemons. */
export const ps: SimulatedTool = ({ arguments: words }, { daemons }) =>
  saidOf(() => {
    const given = getopt(words, 'axwo:', (letter) => new Refused(1, `ps: illegal option -- ${letter}`))
    if (given.values.get('o')?.join() !== 'pid=,stat=,args=')
      return refuses(1, 'ps: the simulator knows -o pid= -o stat= -o args= only')
    return prints(...daemons.all().map(({ pid, command }) => `${String(pid).padStart(5)} Is   ${command}`))
  })
