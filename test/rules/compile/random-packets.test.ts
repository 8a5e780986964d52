import { describe, expect, test } from 'vitest'
import { type Comparison, comparePackets } from '../../support/random-packets.ts'

/** Of each release; test/real/random-packets.test.ts sends many more. */
const models = 70

describe('random connections through random hosts, as PF has their rules and as they are intended', () => {
  for (const release of [14, 15] as const)
    test(`P11: FreeBSD ${release}: who is to talk to whom does, and nobody else`, () => {
      const found = comparePackets(1, release, (so) => so.models >= models)
      process.stdout.write(`${summary(release, found)}\n`)
      expect(found.disagreements).toEqual([])
      for (const who of ['instance', 'host', 'outside', 'neighbour', 'nobody'] as const)
        expect(found.heard[who]).toBeGreaterThan(100)
    })

  // What the comparison is worth: a rule that is missing is missed.
  for (const [name, label] of [
    ['that bind addresses to a port', /:spoof$/],
    ['against forged addresses', /^forged$/],
    ['that let DNS through', /^ll:dns$/],
    ['that let packets to outside addresses by the tap', /^hp:tap$/],
    ['for what was translated on the bridge', /^sg:.*:hp$/],
    ['that end what comes in', /^drop:in$/],
    ['that end what goes out', /^drop:eg$/],
    ['that keep the metadata address here', /^ll:meta-here$/],
  ] as const)
    test(`without the rules ${name} they differ`, () => {
      const found = comparePackets(
        1,
        15,
        (so) => so.models >= 100 || so.disagreements.length > 0,
        (text) => label.test(text),
      )
      expect(found.disagreements).not.toEqual([])
    })
})

function summary(release: number, { models: hosts, connections, packets, heard }: Comparison): string {
  return `FreeBSD ${release}: ${hosts} hosts, ${connections} connections, ${packets} packets; heard by ${JSON.stringify(heard)}`
}
