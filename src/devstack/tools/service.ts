import { join } from 'node:path'
import { runPfService } from '../pf/pf-service.ts'
import { scriptFolders } from '../rc/rc-files.ts'
import { findScript } from '../rc/rc-script.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** service(8): `service NAME DIRECTIVE`; `-e` lists what is enabled, `-l` everything, `-r` the order of starting. */
export const service: SimulatedTool = async (call, machine) => {
  const [first, directive] = call.arguments
  const { services, root } = machine
  if (first === '-l') return prints(...(await services.ordered()).map(({ name }) => name).sort())
  if (first === '-r') return prints(...(await services.ordered()).map(({ name }) => pathOf(name)))
  if (first === '-e') {
    const enabled: string[] = []
    for (const { name } of await services.ordered()) if (await services.isEnabled(name)) enabled.push(pathOf(name))
    return prints(...enabled)
  }
  if (first === 'pf' && directive !== undefined) return runPfService(machine, directive)
  if (first === undefined || directive === undefined || first.startsWith('-')) return refuses(1, usage)
  try {
    return await services.run(first, directive, call.signal)
  } catch (error) {
    // The script itself is broken; sh would have said where.
    const script = await findScript(root, first)
    return refuses(1, `${script?.path ?? join(scriptFolders[1], first)}: ${(error as Error).message}`)
  }

  function pathOf(name: string): string {
    return `${scriptFolders[1]}/${name}`
  }
}

const usage = 'usage: service [-j <jail name or id>] [-v] [-E var=value] <rc.d script> start|stop|etc.'
