import { onTestFinished } from 'vitest'
import type { Machine, MachineFacts } from '../../src/devstack/machine.ts'
import { openMachine } from '../../src/devstack/open-machine.ts'
import type { Said } from '../../src/devstack/tools/said.ts'
import { simulatedTools } from '../../src/devstack/tools/table.ts'
import type { SimulatedTool } from '../../src/devstack/tools/tool.ts'
import type { Exec } from '../../src/platform/exec.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'

export const facts: MachineFacts = {
  hostname: 'host1',
  release: '14.3-RELEASE-p5',
  architecture: 'amd64',
  zfs: '2.2.7-FreeBSD_ge269af1b3',
  hostuuid: '11111111-2222-3333-4444-555555555555',
}

/** Nothing takes time but what a guest does, which takes a second. */
const times = { createMs: 0, bootMs: 1000, shutdownMs: 1000, destroyMs: 0, deviceMs: 0 }

/** Calls a tool as on a machine whose root is `root`; settings of sysctl last for all calls of one `machineTool`. */
export function machineTool(tool: SimulatedTool, root = '/nowhere', changed: Partial<MachineFacts> = {}) {
  const machine = openMachine(root, { ...facts, times, ...changed }, manualClock(), ['bridge0'])
  return async (...words: string[]): Promise<Said> => callTool(tool, machine, words)
}

/** A machine with a folder of its own, whose time stands still. */
export interface TestMachine {
  root: string
  machine: Machine
  clock: ManualClock
  /** Runs a program by its name; `stdin` for those that read it. */
  run(program: string, ...words: string[]): Promise<Said>
  /** As `run`; what is wrong with it fails the test. Answers stdout. */
  ok(program: string, ...words: string[]): Promise<string>
}

export async function openTestMachine(
  changed: Partial<MachineFacts> = {},
  bridges = ['bridge0'],
): Promise<TestMachine> {
  const root = await temporaryFolder()
  const clock = manualClock()
  const machine = openMachine(root, { ...facts, ...changed, times: { ...times, ...changed.times } }, clock, bridges)
  onTestFinished(() => machine.hypervisor.stop())
  const run: TestMachine['run'] = (program, ...words) => callTool(toolNamed(program), machine, words)
  return {
    root,
    machine,
    clock,
    run,
    async ok(program, ...words) {
      const { exitCode, stdout, stderr } = await run(program, ...words)
      if (exitCode !== 0) throw new Error(`${program} ${words.join(' ')}: exit ${exitCode}: ${stderr}`)
      return stdout
    },
  }
}

export function toolNamed(program: string): SimulatedTool {
  const entry = Object.entries(simulatedTools).find(([path]) => path.endsWith(`/${program}`))
  if (!entry) throw new Error(`the simulator has no ${program}`)
  return entry[1]
}

export async function callTool(tool: SimulatedTool, machine: Machine, words: string[], stdin?: string): Promise<Said> {
  const signal = new AbortController().signal
  return tool({ arguments: words, cwd: machine.root, signal, ...(stdin === undefined ? {} : { stdin }) }, machine)
}

export const printed = (stdout: string): Said => ({ exitCode: 0, stdout, stderr: '' })

/** Runs the tools of a machine by their names, as programs on a host do. */
export function machineExec(machine: Machine): Exec {
  return async ([program, ...words]) => ({ signal: null, ...(await callTool(toolNamed(program), machine, words)) })
}
