import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigLine, HostCheck } from '../../contract/host-check.ts'
import type { NetworkConfig } from '../../contract/network-config.ts'
import type { Exec, ExecResult } from '../../platform/exec.ts'
import { readTextIfThere } from '../../platform/files.ts'
import type { Tool, ToolPaths } from '../../platform/tools.ts'
import { anchorCalls, missingLines } from './pf-conf.ts'

export interface CheckedNetworkHost {
  exec: Exec
  tools: ToolPaths
  root: string
  config: Pick<NetworkConfig, 'anchor'>
}

export const pfConf = '/etc/pf.conf'

/** Settings of the kernel without which security groups are not enforced; why stands in the design of the rules. */
const bridgeSettings = {
  'net.link.bridge.pfil_member': '1',
  'net.link.bridge.pfil_local_phys': '1',
  'net.link.bridge.pfil_bridge': '0',
} as const

/**
 * Checks what a host needs for networks: PF, that its rules look into our anchors, and the kernel's settings. Changes nothing, and never throws: what
 * cannot be asked is not good.
 */
export async function checkNetworkHost({ exec, tools, root, config }: CheckedNetworkHost): Promise<HostCheck[]> {
  const run = (...argv: [Tool, ...string[]]): Promise<ExecResult> =>
    exec(argv, { timeoutMs: 20_000 }).catch((error: Error) => ({
      exitCode: -1,
      signal: null,
      stdout: '',
      stderr: error.message,
    }))
  const setting = async (name: string): Promise<string> => {
    const { stdout, stderr } = await run('sysctl', '-n', name)
    return (stdout.trim() || stderr.trim() || 'nothing').slice(0, 300)
  }
  const check = (
    name: string,
    { found, good, mend, lines = [] }: { found: string; good: boolean; mend: string; lines?: readonly ConfigLine[] },
  ): HostCheck => (good ? { name, good, found, mend: '', lines: [] } : { name, good, found, mend, lines })
  const isEnabled = async (service: string) => (await run('service', service, 'enabled')).exitCode === 0
  const yes = (good: boolean) => (good ? 'yes' : 'no')

  const pfAtBoot = await isEnabled('pf')
  const running = await run('pfctl', '-s', 'Running')
  const [, logged] = /^Interface Stats for (\S+)/m.exec((await run('pfctl', '-s', 'info')).stdout) ?? []
  const text = await readTextIfThere(join(root, pfConf))
  const missing = missingLines(text ?? '', config.anchor)
  const loaded = `${(await run('pfctl', '-s', 'nat')).stdout}${(await run('pfctl', '-s', 'rules')).stdout}`.split('\n')
  const uncalled = anchorCalls(config.anchor).filter((call) => !loaded.some((line) => line.startsWith(call)))
  const secure = await setting('kern.securelevel')
  const forwarding = await setting('net.inet.ip.forwarding')
  const filterLocal = await setting('net.pf.filter_local')
  const skipsLoopback = (await run('pfctl', '-v', '-s', 'Interfaces', '-i', 'lo0')).stdout.includes('(skip)')
  const bridge = await Promise.all(
    Object.entries(bridgeSettings).map(async ([key, value]) => ({ key, value, found: await setting(key) })),
  )
  const wrong = bridge.filter(({ value, found }) => value !== found)
  const dnsmasq = await stat(tools.dnsmasq).then(
    () => true,
    () => false,
  )
  const network = await isEnabled('slipway_network')
  return [
    check('PF starts with the host', {
      found: yes(pfAtBoot),
      good: pfAtBoot,
      mend: 'pf_enable in rc.conf',
      lines: [{ file: '/etc/rc.conf', key: 'pf_enable', value: 'YES' }],
    }),
    check('PF runs', {
      found: (running.stdout.trim() || running.stderr.trim()).slice(0, 300),
      good: running.exitCode === 0,
      mend: 'service pf start (see to it first that pf.conf lets you in)',
    }),
    check('pf.conf looks into our anchors', {
      found: missing.length === 0 ? 'yes' : `without ${missing.join(', ')}`,
      good: missing.length === 0,
      mend: `slipway host prepare writes into ${pfConf}: ${missing.join(', ')}`,
    }),
    check('the rules in force look into our anchors', {
      found: uncalled.length === 0 ? 'yes' : `without ${uncalled.join(', ')}`,
      good: uncalled.length === 0,
      mend: `service pf reload, when ${pfConf} has the lines`,
    }),
    check('rules may be changed', {
      found: `kern.securelevel ${secure}`,
      good: Number(secure) < 3,
      mend: 'a securelevel of 3 forbids every change of PF; lower kern_securelevel in rc.conf, and reboot',
    }),
    check('packets are forwarded', {
      found: `net.inet.ip.forwarding ${forwarding}`,
      good: forwarding === '1',
      mend: 'gateway_enable in rc.conf, then service routing restart',
      lines: [
        { file: '/etc/rc.conf', key: 'gateway_enable', value: 'YES' },
        { file: '/etc/rc.conf', key: 'ipv6_gateway_enable', value: 'YES' },
      ],
    }),
    check('PF sees what instances say on a bridge', {
      found: bridge.map(({ key, found }) => `${key.split('.').at(-1)} ${found}`).join(', '),
      good: wrong.length === 0,
      mend: `network sets them while it runs; for the time before it: ${wrong.map(({ key, value }) => `${key}=${value}`).join(', ')} in sysctl.conf`,
      lines: wrong.map(({ key, value }) => ({ file: '/etc/sysctl.conf', key, value })),
    }),
    check('the host itself reaches floating IPs', {
      found: `net.pf.filter_local ${filterLocal}`,
      good: filterLocal === '1',
      mend: 'net.pf.filter_local in sysctl.conf; PF reads it when it starts',
      lines: [{ file: '/etc/sysctl.conf', key: 'net.pf.filter_local', value: '1' }],
    }),
    check('PF sees what the host says to itself', {
      found: skipsLoopback ? 'set skip on lo0' : 'yes',
      good: !(filterLocal === '1' && skipsLoopback),
      mend: `with net.pf.filter_local, write "pass quick on lo0" instead of "set skip on lo0" into ${pfConf}: the skip hides floating IPs from the host`,
    }),
    // Nothing is enforced by it: a host is good without.
    check('PF counts the traffic of the outside', {
      found: logged ?? `no ("set loginterface IF" in ${pfConf}, then service pf reload, fills pf_ipv4_* and pf_ipv6_*)`,
      good: true,
      mend: '',
    }),
    check('dnsmasq is installed', { found: yes(dnsmasq), good: dnsmasq, mend: 'pkg install dnsmasq' }),
    check('the network daemon starts with the host', {
      found: yes(network),
      good: network,
      mend: 'enable slipway_network in rc.conf; it comes with the component rc',
      lines: [{ file: '/etc/rc.conf', key: 'slipway_network_enable', value: 'YES' }],
    }),
  ]
}
