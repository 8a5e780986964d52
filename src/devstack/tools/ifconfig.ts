import { type Machine, versionOf } from '../machine.ts'
import { configure, kernelText } from '../net/configure.ts'
import type { Driver, Interface, Interfaces } from '../net/interfaces.ts'
import { KernelError } from '../net/kernel-error.ts'
import { showBridgeAddresses, showInterface } from '../net/show.ts'
import { getopt, optionValue } from './getopt.ts'
import { Refused, saidOf } from './refused.ts'
import { prints, refuses, type Said } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** ifconfig(8): `-l`, `-g GROUP`, `-a`, one interface; `create`, `destroy`, and the parameters of net/configure.ts. */
export const ifconfig: SimulatedTool = ({ arguments: words }, machine) =>
  saidOf(() => {
    const { interfaces } = machine
    const given = getopt(words, 'adulmf:g:', (letter) => new Refused(1, `ifconfig: illegal option -- ${letter}`))
    const group = optionValue(given, 'g')
    const [name, ...rest] = given.words
    if (given.flags.has('l')) {
      const shown = name === 'ether' ? interfaces.all().filter(({ mac }) => mac !== undefined) : interfaces.all()
      return prints(shown.map((it) => it.name).join(' '))
    }
    if (group !== undefined && !given.flags.has('a')) return prints(...interfaces.inGroup(group))
    const options = { major: versionOf(machine.facts.release).major, formats: formatsOf(optionValue(given, 'f')) }
    const show = (it: Interface) => showInterface(it, interfaces.bridgeOf(it.name) !== undefined, options)
    if (name === undefined)
      return prints(
        ...interfaces
          .all()
          .filter(({ groups }) => group === undefined || groups.has(group))
          .flatMap(show),
      )
    if (rest[0] === 'create') return create(machine, name, rest.slice(1))
    const it = interfaces.find(name)
    if (!it) return refuses(1, `ifconfig: interface ${name} does not exist`)
    if (rest.length === 0) return prints(...show(it))
    if (rest[0] === 'addr') return prints(...showBridgeAddresses(it, options.major))
    if (rest[0] === 'destroy') return destroy(interfaces, name, options.major)
    return printsName(configure(interfaces, name, rest, options.major))
  })

function create({ interfaces, modules, facts }: Machine, word: string, words: readonly string[]): Said {
  const { major } = versionOf(facts.release)
  let made: Interface
  try {
    made = interfaces.create(word)
  } catch (error) {
    if (!(error instanceof KernelError)) throw error
    return refuses(1, kernelText(`SIOCIFCREATE2 (${word})`, error, major))
  }
  const module = moduleOf[made.driver]
  if (module !== undefined) modules.add(module)
  return printsName(configure(interfaces, made.name, words, major) ?? (made.name === word ? undefined : made.name))
}

/** What ifconfig loads into the kernel for the first of a kind. */
const moduleOf: Partial<Record<Driver, string>> = {
  bridge: 'if_bridge',
  vlan: 'if_vlan',
  epair: 'if_epair',
  tap: 'if_tuntap',
}

function destroy(interfaces: Interfaces, name: string, major: number): Said {
  try {
    interfaces.destroy(name)
    return prints()
  } catch (error) {
    if (!(error instanceof KernelError)) throw error
    return refuses(1, kernelText('SIOCIFDESTROY', error, major))
  }
}

function printsName(name: string | undefined): Said {
  return name === undefined ? prints() : prints(name)
}

function formatsOf(text: string | undefined): ReadonlySet<string> {
  return new Set(text?.split(',') ?? [])
}
