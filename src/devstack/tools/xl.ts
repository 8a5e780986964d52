import { memMax, memSet, rename, vcpuSet } from '../xl/change.ts'
import type { XlCommand } from '../xl/command.ts'
import { create } from '../xl/create.ts'
import { blockAttach, blockDetach, blockList, networkAttach, networkDetach, networkList } from '../xl/devices.ts'
import { dmesg, info } from '../xl/host.ts'
import { domid, domname, list, uptime, vcpuList, vmList } from '../xl/list.ts'
import { destroy, pause, reboot, shutdown, sysrq, trigger, unpause } from '../xl/power.ts'
import { restore, save } from '../xl/save.ts'
import { saidOf } from './refused.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

const commands: Readonly<Record<string, XlCommand>> = {
  create,
  list,
  destroy,
  shutdown,
  reboot,
  pause,
  unpause,
  save,
  restore,
  'mem-max': memMax,
  'mem-set': memSet,
  'vcpu-list': vcpuList,
  'vcpu-set': vcpuSet,
  'vm-list': vmList,
  info,
  domid,
  domname,
  rename,
  trigger,
  sysrq,
  dmesg,
  'network-attach': networkAttach,
  'network-list': networkList,
  'network-detach': networkDetach,
  'block-attach': blockAttach,
  'block-list': blockList,
  'block-detach': blockDetach,
  uptime,
}

/** xl(1), as far as Slipway uses it. Any beginning of a subcommand's name will do that no other one has. */
export const xl: SimulatedTool = async (call, machine) => {
  if (!machine.xen.present)
    return refuses(
      1,
      'xencall: error: Could not obtain handle on privileged command interface: No such file or directory',
    )
  const at = call.arguments.findIndex((word) => !/^-[vfNtT]+$/.test(word))
  const dryRun = call.arguments.slice(0, at === -1 ? undefined : at).some((word) => word.includes('N'))
  const word = at === -1 ? undefined : call.arguments[at]
  if (word === undefined || word === 'help')
    return { ...prints('Usage xl [-vfNtT] <subcommand> [args]', '', ...names()), exitCode: word ? 0 : 1 }
  const fitting = Object.keys(commands).filter((name) => name.startsWith(word))
  const name = fitting.includes(word) ? word : fitting.length === 1 ? fitting[0] : undefined
  const command = name === undefined ? undefined : commands[name]
  if (name === undefined || !command) return refuses(1, 'command not implemented')
  const words = call.arguments.slice(at + 1)
  return saidOf(() => command({ name, words, cwd: call.cwd, dryRun, machine, signal: call.signal }))
}

function names(): string[] {
  return ['xl full list of subcommands:', '', ...Object.keys(commands).map((name) => ` ${name}`)]
}
