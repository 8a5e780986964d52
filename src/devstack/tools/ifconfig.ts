import { createHash } from 'node:crypto'
import type { Machine } from '../machine.ts'
import { prints, refuses, type Said } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** ifconfig(8), as far as bridges go: which there are, what is in them; `create`, `destroy`, `addm`, `deletem`. */
export const ifconfig: SimulatedTool = ({ arguments: words }, machine) => {
  const { bridges } = machine
  const [first, ...rest] = words
  if (first === '-l') return prints(allNames(machine).join(' '))
  if (first === '-g') return prints(...(rest[0] === 'bridge' ? bridges.names() : []))
  if (first === undefined || first === '-a')
    return prints(...allNames(machine).flatMap((name) => describe(machine, name)))
  if (first.startsWith('-')) return refuses(1, `ifconfig: illegal option -- ${first.slice(1, 2)}`)

  if (rest[0] === 'create') return create(machine, first, rest.slice(1))
  if (!allNames(machine).includes(first)) return refuses(1, `ifconfig: interface ${first} does not exist`)
  if (rest[0] === 'destroy') {
    bridges.destroy(first)
    return prints()
  }
  return rest.length === 0 ? prints(...describe(machine, first)) : change(machine, first, rest)
}

function allNames({ bridges, hypervisor }: Machine): string[] {
  const guests = hypervisor.domains().flatMap(({ vifs }) => vifs.flatMap(({ interfaces }) => interfaces))
  return ['em0', 'lo0', ...bridges.names(), ...guests]
}

function create(machine: Machine, word: string, words: readonly string[]): Said {
  const { bridges } = machine
  if (!/^bridge[0-9]*$/.test(word)) return refuses(1, `ifconfig: SIOCIFCREATE2 (${word}): Invalid argument`)
  const free = () =>
    Array.from({ length: 1000 }, (_, at) => `bridge${at}`).find((name) => !bridges.exists(name)) as string
  const at = words.indexOf('name')
  const name = (at === -1 ? undefined : words[at + 1]) ?? (word === 'bridge' ? free() : word)
  if (!bridges.create(name)) return refuses(1, `ifconfig: SIOCIFCREATE2 (${name}): File exists`)
  return word === name ? prints() : prints(name)
}

function change(machine: Machine, bridge: string, words: readonly string[]): Said {
  const { bridges } = machine
  for (let at = 0; at < words.length; at++) {
    const word = words[at]
    if (word !== 'addm' && word !== 'deletem') continue
    const member = words[++at] ?? ''
    const where = bridges.bridgeOf(member)
    if (word === 'deletem') {
      if (where !== bridge) return refuses(1, `ifconfig: BRDGDEL ${member}: No such file or directory`)
      bridges.remove(member)
    } else if (!allNames(machine).includes(member))
      return refuses(1, `ifconfig: BRDGADD ${member}: No such file or directory`)
    else if (where !== undefined)
      return refuses(1, `ifconfig: BRDGADD ${member}: ${where === bridge ? 'File exists' : 'Device busy'}`)
    else bridges.add(bridge, member)
  }
  return prints()
}

function describe({ bridges, facts }: Machine, name: string): string[] {
  const isBridge = bridges.exists(name)
  const mac = createHash('sha256').update(`${facts.hostuuid} ${name}`).digest('hex').slice(0, 6).match(/../g)?.join(':')
  const flags =
    name === 'lo0'
      ? '1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP>'
      : '1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP>'
  const lines = [`${name}: flags=${flags} metric 0 mtu ${name === 'lo0' ? 16_384 : 1500}`, '\toptions=0']
  if (name !== 'lo0') lines.push(`\tether 58:9c:fc:${mac}`)
  if (isBridge)
    lines.push(
      '\tid 00:00:00:00:00:00 priority 32768 hellotime 2 fwddelay 15',
      '\tmaxage 20 holdcnt 6 proto rstp maxaddr 2000 timeout 1200',
      '\troot id 00:00:00:00:00:00 priority 32768 ifcost 0 port 0',
      ...bridges
        .members(name)
        .flatMap((member, at) => [
          `\tmember: ${member} flags=143<LEARNING,DISCOVER,AUTOEDGE,AUTOPTP>`,
          `\t        ifmaxaddr 0 port ${at + 3} priority 128 path cost 2000`,
        ]),
    )
  const group = isBridge ? 'bridge' : name.startsWith('xnb') ? 'xnb' : undefined
  if (group !== undefined) lines.push(`\tgroups: ${group}`)
  return [...lines, '\tnd6 options=9<PERFORMNUD,IFDISABLED>']
}
