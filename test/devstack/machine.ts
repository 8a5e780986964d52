import type { MachineFacts } from '../../src/devstack/machine.ts'
import { openServices } from '../../src/devstack/rc/services.ts'
import type { Said } from '../../src/devstack/tools/said.ts'
import type { SimulatedTool } from '../../src/devstack/tools/tool.ts'

export const facts: MachineFacts = {
  hostname: 'host1',
  release: '14.3-RELEASE-p5',
  architecture: 'amd64',
  zfs: '2.2.7-FreeBSD_ge269af1b3',
  hostuuid: '11111111-2222-3333-4444-555555555555',
}

/** Calls a tool as on a machine whose root is `root`; settings of sysctl last for all calls of one `machineTool`. */
export function machineTool(tool: SimulatedTool, root = '/nowhere', changed: Partial<MachineFacts> = {}) {
  const machine = {
    root,
    facts: { ...facts, ...changed },
    bootedAt: new Date('2026-01-02T03:04:05.000Z'),
    sysctls: new Map<string, string>(),
    services: openServices(root),
  }
  return async (...words: string[]): Promise<Said> =>
    tool({ arguments: words, cwd: root, signal: new AbortController().signal }, machine)
}

export const printed = (stdout: string): Said => ({ exitCode: 0, stdout, stderr: '' })
