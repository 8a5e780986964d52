import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Failure } from '../../src/contract/update.ts'
import { openBrowser, type WatchedBrowser } from '../web/browser.ts'
import { buildPage } from '../web/build-page.ts'
import type { ReportingHost } from '../web/fleet-by-api.ts'
import { eventually, expectConfined, expectNames, live, overflow, settled, watchRows } from '../web/look.ts'
import { type ServedPage, servePage } from '../web/served-page.ts'

// The built page in a real browser, against the real server with rows that came over its API.

vi.setConfig({ testTimeout: 90_000 })

let browser: WatchedBrowser
let served: ServedPage
let hosts: ReportingHost[]
const hostCount = 200

beforeAll(async () => {
  await buildPage()
  browser = await openBrowser()
  served = await servePage()
  const { fleet } = served
  await fleet.publish('agent', '1.0.0')
  await fleet.publish('compute', '1.0.0')
  await fleet.promote('stable', ['agent', '1.0.0'], ['compute', '1.0.0'])
  await fleet.promote('edge', ['agent', '1.0.0'], ['compute', '1.0.0'])
  const names = Array.from({ length: hostCount }, (_, index) => `xen${index + 1}.example.net`)
  hosts = [
    ...(await fleet.enrol(names.slice(0, 190), { channel: 'stable', labels: { rack: 'a1' } })),
    ...(await fleet.enrol(names.slice(190), { channel: 'edge', labels: { rack: 'b2' } })),
  ]
  for (const host of hosts) await host.report(await host.desired())
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await served?.remove()
})

const host = (number: number) => hosts[number - 1] as ReportingHost
const row = (page: Page, name: string) =>
  page.locator('tbody tr', { has: page.getByRole('link', { name, exact: true }) })
const tile = (page: Page, label: string) => page.getByRole('button', { name: label })

async function openLive(path: string, options: Parameters<WatchedBrowser['open']>[1] = {}): Promise<Page> {
  const page = await browser.open(served.link(path), options)
  await live(page).waitFor()
  return page
}

describe('signing in', () => {
  test('a link with a token signs in, and the token is out of the address at once', async () => {
    const page = await openLive('/channels')
    expect(page.url()).toBe(`${served.url}/channels`)
    await page.getByRole('heading', { name: 'Channels' }).waitFor()
    await page.reload()
    await live(page).waitFor()
    await page.context().close()
  })

  test('a token can be typed; a wrong one is answered with a sentence', async () => {
    const page = await browser.open(`${served.url}/`)
    await page.getByLabel('Token', { exact: true }).fill('slw_wrong')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('The server does not accept this token.').waitFor()
    await page.getByLabel('Token', { exact: true }).fill(served.token)
    await page.keyboard.press('Enter')
    await live(page).waitFor()
    await page.context().close()
  })

  test('a token that is revoked goes back to signing in at the next change', async () => {
    const token = await served.fleet.createToken('passing by', 'viewer')
    const page = await browser.open(served.link('/', token.secret))
    await live(page).waitFor()
    await page.getByText('passing by').waitFor()
    await served.fleet.revokeToken(token.name)
    await host(1).report(await host(1).desired())
    await page.getByRole('alert').getByText('It may have expired, or been revoked.').waitFor()
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
    await page.context().close()
  })

  test('the token of a pipeline is answered with a sentence', async () => {
    const { secret } = await served.fleet.createToken('compute-ci', { scopes: ['publish:components/compute'] })
    const page = await browser.open(served.link('/', secret))
    await page.getByRole('alert').getByText('compute-ci is the token of a pipeline.').waitFor()
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
    await page.context().close()
  })

  test('signing out forgets the token', async () => {
    const page = await openLive('/')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Token', { exact: true }).waitFor()
    await page.reload()
    await page.getByLabel('Token', { exact: true }).waitFor()
    await page.context().close()
  })
})

describe('the hosts', () => {
  test('a report changes its row without a reload, and touches no other of two hundred rows', async () => {
    const page = await openLive('/')
    const changed = row(page, host(3).name)
    await changed.getByText('Healthy').waitFor()
    await page.evaluate('window.kept = true')
    const touched = await watchRows(page, ['Last seen'])
    const message = 'GET /healthz was answered with 503'
    const checks = [{ component: 'compute', check: 'healthz', healthy: false, message }]
    await host(3).report(await host(3).desired(), { checks })
    await changed.getByText('Unhealthy').waitFor()
    await changed.getByText(`compute healthz: ${message}`).waitFor()
    await tile(page, '1 Unhealthy').waitFor()
    expect(await page.evaluate('window.kept')).toBe(true)
    expect(await touched()).toEqual([host(3).name])

    await host(3).report(await host(3).desired())
    await changed.getByText('Healthy', { exact: true }).waitFor()
    await page.context().close()
  })

  test('a promotion marks the versions that differ from what the channel wants, until the hosts run it', async () => {
    const page = await openLive('/?channel=edge')
    const cell = row(page, host(200).name).locator('td[data-label=compute]')
    expect(await cell.innerText()).toBe('1.0.0')
    await served.fleet.publish('compute', '1.1.0')
    await served.fleet.promote('edge', ['compute', '1.1.0'])
    await cell.getByTitle('runs 1.0.0, the channel edge points to 1.1.0').waitFor()
    await row(page, host(200).name).getByText('Waiting').waitFor()
    for (const edge of hosts.slice(190)) await edge.report(await edge.desired())
    await tile(page, '10 Healthy').waitFor()
    await eventually(() => cell.innerText()).toBe('1.1.0')
    await page.context().close()
  })

  test('words, channel and condition filter; the filter stands in the address, and the key / goes to it', async () => {
    const page = await openLive('/')
    const shown = () => page.locator('tbody tr').count()
    expect(await shown()).toBe(hostCount)
    await page.keyboard.press('/')
    await page.keyboard.type('rack=b2 xen20')
    await eventually(shown).toBe(1)
    expect(page.url()).toBe(`${served.url}/?q=rack%3Db2+xen20`)
    await page.reload()
    await eventually(shown).toBe(1)
    await page.keyboard.press('/')
    await page.keyboard.press('Escape')
    await eventually(shown).toBe(hostCount)
    await page.getByLabel('Channel').selectOption('edge')
    await eventually(shown).toBe(10)
    await tile(page, 'Healthy').click()
    expect(await tile(page, 'Healthy').getAttribute('aria-pressed')).toBe('true')
    await page.getByLabel('Filter hosts').fill('nothing like it')
    await page.getByRole('heading', { name: 'No host matches' }).waitFor()
    await page.context().close()
  })

  test('a click on a heading orders the rows, and tells a screen reader so', async () => {
    const page = await openLive('/?channel=edge')
    const first = () => page.locator('tbody th').first().innerText()
    expect(await first()).toBe('xen191.example.net')
    const heading = page.getByRole('columnheader', { name: 'Host' })
    expect(await heading.getAttribute('aria-sort')).toBe('ascending')
    await heading.getByRole('button').click()
    expect(await first()).toBe('xen200.example.net')
    expect(await heading.getAttribute('aria-sort')).toBe('descending')
    await page.context().close()
  })
})

describe('one host', () => {
  const failure: Failure = {
    reason: 'health-check-failed',
    message: 'compute healthz: xl list: cannot connect to the hypervisor',
    component: 'compute',
    state: 'probe',
    at: new Date().toISOString(),
  }

  test('the steps of an update are followed live, through the rollback to what was rejected and why', async () => {
    const updating = host(10)
    const before = await updating.desired()
    const page = await openLive(`/hosts/${updating.name}`)
    await served.fleet.promote('stable', ['compute', '1.1.0'])
    const components = page.getByRole('region', { name: 'Components' })
    await components.getByRole('row', { name: 'compute' }).getByText('Other version').waitFor()

    const target = await updating.desired()
    if (!target) throw new Error('the promotion gave the host nothing to run')
    await updating.report(before, { state: 'probe' })
    const now = page.locator('[aria-current=step]')
    await now.getByText('probe').waitFor()
    await page.getByRole('heading', { name: updating.name }).locator('..').getByText('Updating').waitFor()

    await updating.report(before, { state: 'rollback', failure })
    await now.getByText('rollback').waitFor()
    await page.getByText(failure.message).waitFor()

    const rejected = [{ set: target.digest, component: target.components[1] as never, failure, at: failure.at }]
    const lastUpdate = { set: target, result: 'rolled-back', failure, at: failure.at } as const
    await updating.report(before, { lastUpdate, rejected })
    await page.getByRole('heading', { name: updating.name }).locator('..').getByText('Rolled back').waitFor()
    const rejections = page.getByRole('region', { name: 'Rejected here' })
    await rejections.getByText('compute 1.1.0').waitFor()
    await rejections.getByText(failure.reason).waitFor()
    await rejections.getByText(failure.message).waitFor()
    await rejections.getByText('slipway host clear-rejected').waitFor()
    await page.context().close()
  })

  test('a stuck host says what to do', async () => {
    const page = await openLive(`/hosts/${host(11).name}`)
    const stuck = { ...failure, reason: 'rollback-failed' } as const
    await host(11).report(await host(11).desired(), { state: 'stuck', failure: stuck })
    await page.getByText('slipway host release').waitFor()
    await page.context().close()
  })

  test('daemons, capabilities, platform and the address of the metrics are shown', async () => {
    const page = await openLive(`/hosts/${host(12).name}`)
    await page.getByRole('region', { name: 'Daemons' }).getByText('pid 4211').waitFor()
    await page.getByRole('region', { name: 'Capabilities' }).getByText('no EPT on this processor').waitFor()
    await page.getByText('FreeBSD 14.3-RELEASE-p5').waitFor()
    await page.getByText('192.0.2.7:9760').waitFor()
    await page.context().close()
  })

  test('from the list it is reached by the keyboard, its heading then has the focus, and Back returns', async () => {
    const page = await openLive('/?q=xen20.')
    await page.getByRole('link', { name: host(20).name }).focus()
    await page.keyboard.press('Enter')
    const heading = page.getByRole('heading', { name: host(20).name })
    await heading.waitFor()
    await eventually(() => page.evaluate('document.activeElement.innerText')).toBe(host(20).name)
    expect(await page.title()).toBe(`${host(20).name} · Slipway`)
    await page.goBack()
    expect(page.url()).toBe(`${served.url}/?q=xen20.`)
    await row(page, host(20).name).waitFor()
    await page.context().close()
  })

  test('one that does not exist is said to be unknown, in the words of the server', async () => {
    const page = await openLive('/hosts/nobody')
    await page.getByRole('alert').getByText('no host nobody').waitFor()
    await page.context().close()
  })
})

describe('channels and artifacts', () => {
  test('a channel shows where it points, who moved it, how far its hosts are, and the hosts', async () => {
    const page = await openLive('/channels')
    const channel = page.getByRole('region', { name: 'edge' })
    const pointer = channel.getByRole('row', { name: 'compute' })
    await pointer.getByText('1.1.0').waitFor()
    await pointer.getByText('token admin').waitFor()
    await pointer.getByText('10 / 10').waitFor()
    expect(await channel.getByRole('list').getByRole('link').count()).toBe(10)
    await channel.getByRole('link', { name: '10 hosts' }).click()
    await eventually(() => page.locator('tbody tr').count()).toBe(10)
    await page.context().close()
  })

  test('a release shows size, channels and its digest, which can be copied; a new one appears by itself', async () => {
    const page = await openLive('/artifacts', { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.getByRole('link', { name: 'components/compute' }).click()
    const release = page.getByRole('row', { name: '1.1.0' })
    await release.getByText('edge').waitFor()
    await release.getByText('component', { exact: true }).waitFor()
    await release.getByRole('button', { name: 'Copy the digest of components/compute:1.1.0' }).click()
    const copied = await page.evaluate<string>('navigator.clipboard.readText()')
    expect(copied).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(copied).toContain(await release.locator('td[data-label=Digest] code').innerText())
    await served.fleet.publish('compute', '1.2.0')
    await page.getByRole('row', { name: '1.2.0' }).waitFor()
    await page.context().close()
  })

  test('on a new server every page tells the command to run next', async () => {
    const empty = await servePage()
    try {
      const page = await browser.open(empty.link('/'))
      await page.getByText('slipway host join-token').waitFor()
      await page.getByRole('link', { name: 'Channels' }).click()
      await page.getByText('slipway promote').waitFor()
      await page.getByRole('link', { name: 'Artifacts' }).click()
      await page.getByText('slipway publish').waitFor()
      await page.context().close()
    } finally {
      await empty.remove()
    }
  })
})

describe('when the server goes away', () => {
  test('the page says so, connects again by itself, and then shows what happened meanwhile', async () => {
    const page = await openLive('/')
    await page.route('**/api/v1/events', (route) => route.abort())
    await served.stop()
    await page.getByRole('status').getByText('Reconnecting').waitFor()
    await row(page, host(30).name).waitFor()
    await served.start()
    // No event of this can reach the page: it shows only if the page fetches anew once it is connected.
    await host(30).report(await host(30).desired(), { state: 'probe' })
    await page.unroute('**/api/v1/events')
    await live(page).waitFor({ timeout: 40_000 })
    await row(page, host(30).name).getByText('Running the health checks').waitFor()
    await page.context().close()
  })

  test('one that is opened meanwhile keeps the token and signs in when the server is back', async () => {
    const page = await openLive('/')
    await page.route('**/api/v1/**', (route) => route.abort())
    await page.reload()
    await page.getByRole('alert').getByText('The server cannot be reached.').waitFor()
    await page.unroute('**/api/v1/**')
    await live(page).waitFor()
    await page.context().close()
  })
})

describe('looks', () => {
  const pages = ['/', '/hosts/xen1.example.net', '/channels', '/artifacts', '/artifacts/components/compute', '/nowhere']

  test.each(pages)('%s fits into a window of 400 pixels', async (path) => {
    const page = await openLive(path, { viewport: { width: 400, height: 800 } })
    await page.getByRole('heading').first().waitFor()
    await settled(page.locator('main'))
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    await page.context().close()
  })

  test.each(pages)('everything that can be pressed or filled on %s has a name', async (path) => {
    const page = await openLive(path)
    await settled(page.locator('main'))
    await expectNames(page)
    await page.context().close()
  })

  test('dark and light follow the system', async () => {
    const background = async (colorScheme: 'dark' | 'light') => {
      const page = await openLive('/', { colorScheme })
      const color = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
      await page.context().close()
      return color.match(/\d+/g)?.map(Number) ?? []
    }
    expect(Math.max(...(await background('dark')))).toBeLessThan(60)
    expect(Math.min(...(await background('light')))).toBeGreaterThan(220)
  })
})

// Last, over all that the tests above did.
test('no request ever left the server that served the page, and nothing was refused by its policy', () => {
  expectConfined(browser)
})
