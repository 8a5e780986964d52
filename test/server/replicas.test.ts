import { expect, test, vi } from 'vitest'
import { openTestServer } from '../support/server.ts'

test('a server alone leads', async () => {
  const { url } = await openTestServer()
  const page = async () => (await fetch(`${url}/metrics`)).text()
  await vi.waitFor(async () => expect(await page()).toContain('\nslipway_leader 1\n'), { timeout: 10_000 })
})
