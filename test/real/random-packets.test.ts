import { expect, test } from 'vitest'
import { comparePackets } from '../support/random-packets.ts'

/** Of each release: `SLIPWAY_PACKETS=5000000 npm run test:real -- random-packets` for more. */
const packets = Number(process.env.SLIPWAY_PACKETS ?? 500_000)

/** Other models: `SLIPWAY_SEED=7`. A disagreement names its own. */
const firstSeed = Number(process.env.SLIPWAY_SEED ?? 1)

for (const release of [14, 15] as const)
  test(`P11: ${packets} random packets on FreeBSD ${release}: who is to talk to whom does, and nobody else`, {
    timeout: 60_000 + packets / 2,
  }, () => {
    const found = comparePackets(firstSeed, release, (so) => so.packets >= packets)
    process.stdout.write(
      `FreeBSD ${release}, from seed ${firstSeed}: ${found.models} hosts, ${found.connections} connections, ${found.packets} packets\n`,
    )
    expect(found.disagreements).toEqual([])
  })
