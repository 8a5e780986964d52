import { expect, test } from 'vitest'
import { capturedCommands } from './captured.ts'
import { openPfMachine, type PfMachine, terminal } from './pf-machine.ts'

/** What the machine of the transcript was loaded with, but for a `ridentifier`. */
const mainRules = `
set loginterface ext0
set limit { states 20000 }
table <empty> persist
table <osadmin> counters { 192.0.2.0/24, !192.0.2.66 }
nat-anchor "org.openstack/*"
rdr-anchor "org.openstack/*"
binat-anchor "org.openstack/*"
anchor "org.openstack/*"
pass quick on lo0 all
pass in on ext0 proto tcp from <osadmin> to any port 22 label "ssh-in"
pass all no state label "def"
`
const anchorRules = `
table <sg1> counters { 10.0.0.12 }
nat on ext0 inet from 10.0.0.0/24 to any -> 192.0.2.1
rdr on ext0 inet proto tcp from any to 192.0.2.50 port 8080 -> 10.0.0.11 port 80
binat on ext0 inet from 10.0.0.12 to any -> 192.0.2.52
pass out quick on tap1 inet proto icmp from <sg1> to 10.0.0.11 keep state label "sg1:port1:icmp"
pass in quick on tap1 inet from 10.0.0.11 to any label "port1-out"
block drop out quick on tap1 all label "port1-drop"
`

async function openTranscript(release?: string): Promise<PfMachine> {
  const host = await openPfMachine(release)
  await host.loaded('-f -', mainRules)
  await host.loaded('-a org.openstack/net1 -f -', anchorRules)
  for (let round = 0; round < 3; round++) {
    host.packet({ from: 'tap2', to: 'tap1', protocol: 'icmp', sourcePort: 16_384 })
    host.packet({ from: 'tap1', to: '192.0.2.100', protocol: 'icmp', sourcePort: 16_896 })
  }
  host.packet({ from: 'tap1', to: '192.0.2.100', protocol: 'tcp', port: 9000, sourcePort: 49_475 })
  await host.clock.advance(8000)
  return host
}

/** What follows what else was sent, and when; the port of a translation is any. */
function still(text: string): string {
  return text
    .replaceAll(/((?:Evaluations|Packets|Bytes|States|State Creations|NoMatch|Match): )\d+ */g, '$1N ')
    .replaceAll(/[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}|Time: N\/A/g, 'DATE')
    .replaceAll('Time: DATE', 'DATE')
    .replaceAll(/\d+ +\d+\.\d\/s/g, 'N')
    .replaceAll(/^( {2,4}(?:Bytes In|Bytes Out|Passed|Blocked)) +\d+ +\d+$/gm, '$1 N')
    .replaceAll(/(Status: Enabled for 0 days) [\d:]{8}/g, '$1 TIME')
    .replaceAll(/^(ssh-in|sg1:port1:icmp) \d+ /gm, '$1 N ')
    .replaceAll(/^def( \d+){7}/gm, 'def NUMBERS')
    .replaceAll(/0x[0-9a-f]{8,32}|[0-9a-f]{16}|creatorid: [0-9a-f]{8}/g, 'ID')
    .replaceAll(/192\.0\.2\.1:\d+/g, '192.0.2.1:PORT')
    .replaceAll(/age [\d:]{8}, expires in [\d:]{8}, \d+:\d+ pkts, \d+:\d+ bytes, anchor 0, rule \d/g, 'LIFE')
    .replaceAll(/\[\d+ \+ 65792\]/g, '[WINDOW]')
    .replaceAll(/(FIN_WAIT_2|ESTABLISHED):\1/g, 'STATE')
    .replaceAll(' ridentifier 42', '')
}

/** Not answered, or not in the same way. */
const left: Readonly<Record<string, string>> = {
  '-g -vv -s Tables': 'also lists tables of the kernel that no ruleset has',
  '-vv -s Interfaces': 'counts what other traffic there was',
  '-s Interfaces': 'a real machine has more of them',
  '-v -s Interfaces': 'a real machine has more of them',
  '-s osfp': 'a list of hundreds of lines that nothing reads',
}

test('a pfctl of FreeBSD 15.1 answers a whole transcript as the real one did, command after command', async () => {
  const { pfctl } = await openTranscript()
  let same = 0
  for (const { words, output, exitCode } of capturedCommands('fmt-15.1.txt')) {
    const command = words.join(' ')
    const said = await pfctl(words)
    if (left[command] !== undefined) continue
    const expected = still(output)
    expect({ command, said: still(terminal(said)), exitCode: said.exitCode }).toEqual({
      command,
      said: expected,
      exitCode,
    })
    same++
  }
  expect(same).toBe(73)
})
