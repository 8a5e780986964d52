import { getopt } from './getopt.ts'
import { Refused, saidOf } from './refused.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** route(8): `[-46n] get [-inet6] default`, the only route that is asked for. */
export const route: SimulatedTool = ({ arguments: words }, { routes, interfaces }) =>
  saidOf(() => {
    const given = getopt(words, '46dnqtv', (letter) => new Refused(64, `route: illegal option -- ${letter}`, usage))
    const [command, ...rest] = given.words
    const asked = rest.filter((word) => word !== '-inet' && word !== '-inet6' && word !== '-4' && word !== '-6')
    if ((command !== 'get' && command !== 'show') || asked.join() !== 'default') return refuses(64, usage)
    const inet6 = given.flags.has('6') || rest.includes('-inet6') || rest.includes('-6')
    const found = inet6 ? routes.inet6 : routes.inet
    const by = found && interfaces.find(found.interface)
    if (!found || !by?.up) return refuses(1, 'route: route has not been found')
    return prints(
      '   route to: default',
      'destination: default',
      '       mask: default',
      `    gateway: ${found.gateway}`,
      '        fib: 0',
      `  interface: ${found.interface}`,
      '      flags: <UP,GATEWAY,DONE,STATIC>',
      ' recvpipe  sendpipe  ssthresh  rtt,msec    mtu        weight    expire',
      `       0         0         0         0  ${String(by.mtu).padStart(8)}         1         0 `,
    )
  })

const usage = 'usage: route [-j jail] [-46dnqtv] command [[modifiers] args]'
