// What network does on a host, without the programs of FreeBSD: DHCP and metadata, in the network namespace that this is started in.
// usage: node run-host.ts FOLDER; each line of standard input is a DesiredNetworks, each line of output what came of it.
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DesiredNetworks } from '../../../src/contract/network.ts'
import { parseJson } from '../../../src/contract/parse.ts'
import { openDhcp } from '../../../src/network/dhcp/dhcp.ts'
import { openMetadata } from '../../../src/network/metadata/metadata.ts'
import { openExec } from '../../../src/platform/exec.ts'
import { openLog } from '../../../src/platform/log.ts'
import { toolPaths } from '../../../src/platform/tools.ts'

const folder = process.argv[2] ?? ''
const address = '169.254.169.254'
const exec = openExec(toolPaths('/', { dnsmasq: '/usr/sbin/dnsmasq' }))
const log = openLog('network', 'silent')
const dhcp = openDhcp({ exec, folder: join(folder, 'dhcp'), metadataAddress: address, log })
const metadata = openMetadata({ address, port: 80, folder: join(folder, 'metadata'), log })
for await (const line of createInterface({ input: process.stdin })) {
  const desired = parseJson(DesiredNetworks, line, 'standard input')
  const problems = [...(await dhcp.apply(desired)), ...(await metadata.apply(desired))]
  process.stdout.write(`${JSON.stringify({ problems, sights: dhcp.look() })}\n`)
}
await metadata.close()
