import { expect } from 'vitest'
import { obey } from '../../../src/devstack/orders.ts'
import type { PacketAnswer, PacketOrder } from '../../../src/devstack/pf/send-packet.ts'
import type { Said } from '../../../src/devstack/tools/said.ts'
import { callTool, openTestMachine, type TestMachine, toolNamed } from '../machine.ts'

/** A machine whose PF is asked by pfctl, and sees packets. */
export interface PfMachine extends TestMachine {
  pfctl(words: string | readonly string[], stdin?: string): Promise<Said>
  /** As `pfctl`; a failure fails the test. Answers stdout. */
  loaded(words: string | readonly string[], stdin?: string): Promise<string>
  packet(packet: PacketOrder): PacketAnswer
}

/**
 * The machine of the transcripts: tap1 (10.0.0.11) and tap2 (10.0.0.12) in bridge0 (10.0.0.1/24), which is in no group but its driver's, and ext0
 * (192.0.2.1/24) outside. PF is on and has no rules.
 */
export async function openPfMachine(release = '15.1-RELEASE-p1', sysctls: string[] = []): Promise<PfMachine> {
  const host = await openTestMachine({ release }, ['bridge0'])
  const { machine } = host
  for (const line of [
    'em0 name ext0',
    ...machine.interfaces.get('em0').addresses.map(({ address }) => `ext0 inet ${address} -alias`),
    'ext0 inet 192.0.2.1/24',
    'bridge0 inet 10.0.0.1/24 up',
    'tap1 create up',
    'tap2 create up',
    'bridge0 addm tap1 addm tap2',
  ])
    await host.ok('ifconfig', ...line.split(' '))
  await host.ok('sysctl', 'net.link.bridge.pfil_member=1', ...sysctls)
  const pfctl: PfMachine['pfctl'] = (words, stdin) =>
    callTool(toolNamed('pfctl'), machine, typeof words === 'string' ? words.split(' ') : [...words], stdin)
  for (const [guest, address] of [
    ['tap1', '10.0.0.11'],
    ['tap2', '10.0.0.12'],
  ] as const)
    obey({ kind: 'take-addresses', guest, addresses: [address] }, machine)
  expect(await pfctl('-e')).toMatchObject({ exitCode: 0 })
  return {
    ...host,
    pfctl,
    async loaded(words, stdin) {
      const { exitCode, stdout, stderr } = await pfctl(words, stdin)
      expect({ words, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ words, exitCode: 0, stderr: '' })
      return stdout
    },
    packet: (packet) => obey({ kind: 'packet', ...packet }, machine) as PacketAnswer,
  }
}

/** Both streams as a terminal shows them, without what a kernel without ALTQ adds. */
export function terminal({ stdout, stderr }: Said): string {
  return `${stderr}${stdout}`.replaceAll(/^(No ALTQ|ALTQ related).*\n/gm, '')
}
