import { openMachine } from '../../../src/devstack/open-machine.ts'
import { simulatedTools } from '../../../src/devstack/tools/table.ts'
import { networkPaths } from '../../../src/network/paths.ts'
import { openLoadedFile } from '../../../src/network/pf/loaded.ts'
import { openRuleLoader, type RuleLoader } from '../../../src/network/pf/loader.ts'
import { openPfctl, type Pfctl } from '../../../src/network/pf/pfctl.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import type { Exec } from '../../../src/platform/exec.ts'
import { freebsdTools, type Tool } from '../../../src/platform/tools.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

export const calls = `nat-anchor "org.openstack/*"
rdr-anchor "org.openstack/*"
binat-anchor "org.openstack/*"
anchor "org.openstack/*"
`
/** A main ruleset as an administrator has it who lets everything through, with our calls in it. */
export const pfConf = `set keepcounters
table <admins> persist { 198.51.100.7 }
${calls}pass in quick on em0 proto tcp from <admins> to any port 22 keep state label "ssh-in"
pass all no state label "def"
`

/** When a life ends: before it runs the program, or right after that. */
export type When = 'before' | 'after'

/** A machine of the simulator in this process, whose programs can be counted, and whose caller can be killed at any of them. */
export interface SimulatedPf {
  root: string
  machine: ReturnType<typeof openMachine>
  exec: Exec
  /** What was run, since the last `forget`: those that change something. */
  acts(): readonly string[]
  /** All that was run. */
  runs(): readonly string[]
  forget(): void
  /** From the call with this number among those that change something on, nothing is answered any more. */
  dieAt(act: number, when: When): void
  revive(): void
  isDead(): boolean
  /** As an administrator would: what it says, both streams. */
  pfctl(words: string, stdin?: string): Promise<string>
  pf(): Pfctl
  /** A loader of a new life. */
  loader(booted?: boolean): Promise<RuleLoader>
}

/** What only looks; all else changes something. */
const looking = [
  /^pfctl .*-s \S+( -i \S+)?$/,
  /^pfctl -n /,
  /^pfctl .*-T show$/,
  /^ifconfig (-f \S+ )?-a$/,
  /^route -n /,
  /^sysctl -[en] [^=]*$/,
  /^ps /,
]

export async function openSimulatedPf({ release = '15.1-RELEASE', main = pfConf } = {}): Promise<SimulatedPf> {
  const root = await temporaryFolder()
  const facts = { hostname: 'host1', release, architecture: 'amd64' as const, hostuuid: '1', zfs: null }
  const machine = openMachine(root, facts, systemClock, [])
  const paths = networkPaths(root)
  let runs: string[] = []
  let acts: string[] = []
  let death: { act: number; when: When } | undefined
  let isDead = false

  const exec: Exec = async ([name, ...words], { stdin } = { timeoutMs: 1000 }) => {
    const text = [name, ...words].join(' ')
    const changes = !looking.some((form) => form.test(text))
    const dies = changes && death?.act === acts.length ? death.when : undefined
    isDead ||= dies === 'before'
    if (isDead) throw new Error('killed')
    runs.push(text)
    if (changes) acts.push(text)
    const tool = simulatedTools[freebsdTools[name as Tool] ?? name]
    if (!tool) throw new Error(`the simulator has no ${name}`)
    const call = {
      arguments: words,
      cwd: root,
      signal: new AbortController().signal,
      ...(stdin === undefined ? {} : { stdin }),
    }
    const said = (await machine.faults.meet(freebsdTools[name as Tool] ?? name, call)) ?? (await tool(call, machine))
    if (dies === 'after') {
      isDead = true
      throw new Error('killed')
    }
    return { signal: null, ...said }
  }
  const admin: Exec = async ([, ...words], { stdin }) => {
    const tool = simulatedTools[freebsdTools.pfctl]
    if (!tool) throw new Error('the simulator has no pfctl')
    const call = {
      arguments: words,
      cwd: root,
      signal: new AbortController().signal,
      ...(stdin === undefined ? {} : { stdin }),
    }
    return { signal: null, ...(await tool(call, machine)) }
  }
  const pfctl = async (words: string, stdin?: string) => {
    const { stdout, stderr } = await admin(['pfctl', ...words.split(' ')], {
      timeoutMs: 1000,
      ...(stdin === undefined ? {} : { stdin }),
    })
    return `${stdout}${stderr}`
  }
  await pfctl('-f -', main)
  await pfctl('-e')
  const unread = (listing: string, lines: readonly string[]) => {
    throw new Error(`not understood in ${listing}: ${lines.join('\n')}`)
  }
  const pf = () => openPfctl({ exec, clock: { ...systemClock, sleep: async () => {} }, unread })
  return {
    root,
    machine,
    exec,
    acts: () => acts,
    runs: () => runs,
    forget() {
      runs = []
      acts = []
    },
    dieAt(act, when) {
      death = { act, when }
    },
    revive() {
      death = undefined
      isDead = false
    },
    isDead: () => isDead,
    pfctl,
    pf,
    loader: async (booted = false) =>
      openRuleLoader({
        pf: pf(),
        file: await openLoadedFile(paths, booted),
        anchor: 'org.openstack',
        clock: systemClock,
      }),
  }
}
