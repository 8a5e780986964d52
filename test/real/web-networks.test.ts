import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openBrowser, type WatchedBrowser } from '../web/browser.ts'
import { buildPage } from '../web/build-page.ts'
import { type CloudHost, cloudHost } from '../web/cloud-host.ts'
import { eventually, expectConfined, expectLooks, live, overflow, shoot } from '../web/look.ts'
import { type ServedPage, servePage } from '../web/served-page.ts'

// The pages of networks, their rules and traces in a real browser, against the real server; hosts are played over its API.

vi.setConfig({ testTimeout: 90_000 })

let browser: WatchedBrowser
let served: ServedPage
let xen1: CloudHost
let xen2: CloudHost
let viewer: string

/** Two hosts on one VLAN; an address of its own for web, and a port of another that leads to db. */
const shop = ({ closed = false } = {}) => `name: shop
flavors:
  - {name: small, vcpus: 1, memory: 512MiB, disk: 1GiB}
networks:
  - name: lan
    vlan: 30
    ipv4: {range: 10.0.0.0/24, gateway: host}
    ipv6: {range: 2001:db8:5::/64, gateway: host}
  - {name: raw, bridge: bridge7}
securityGroups:
  - name: web
    rules: [{direction: in, protocol: tcp, ports: 80}, {direction: in, protocol: tcp, ports: 443}, {direction: out}]
  - name: db
    rules: [${closed ? '' : '{direction: in, protocol: tcp, ports: 5432, group: web}, '}{direction: out}]
floatingIps:
  - {name: front, instance: web}
  - {name: spare}
portForwards:
  - {protocol: tcp, ports: 8022, instance: db, toPort: 22, floatingIp: spare}
instances:
  - name: web
    flavor: small
    image: {empty: true}
    networks: [{network: lan, address: 10.0.0.11}, raw]
    securityGroups: [web]
    placement: {host: xen1}
  - name: db
    flavor: small
    image: {empty: true}
    networks: [{network: lan, address: 10.0.0.12}]
    securityGroups: [db]
    placement: {host: xen2}
  - name: locked
    flavor: small
    image: {empty: true}
    networks: [{network: lan, address: 10.0.0.13}]
    securityGroups: []
    placement: {host: xen1}
${
  closed
    ? ''
    : `  - name: guest
    flavor: small
    image: {empty: true}
    networks: [lan]
    securityGroups: [web]
    placement: {host: xen2}
`
}`

beforeAll(async () => {
  await buildPage()
  browser = await openBrowser()
  served = await servePage()
  const { fleet } = served
  await fleet.publish('agent', '1.0.0')
  await fleet.promote('stable', ['agent', '1.0.0'])
  const [first, second] = (await fleet.enrol(['xen1', 'xen2'], { channel: 'stable' })).map(cloudHost)
  xen1 = first as CloudHost
  xen2 = second as CloudHost
  xen1.sayNetwork({})
  xen2.sayNetwork({})
  await report()
  await fleet.declare({ name: 'outside', range: '192.0.2.48/28', routed: true })
  await fleet.apply(shop())
  await report()
  viewer = (await fleet.createToken('looker', 'viewer')).secret
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await served?.remove()
})

/** Both hosts report what they have come to. */
async function report(): Promise<void> {
  await xen1.report()
  await xen2.report()
}

const region = (page: Page, name: string) => page.getByRole('region', { name })
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const row = (page: Page, panel: string, name: string | RegExp) =>
  region(page, panel)
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name, exact: true }) })

async function openLive(path: string, options: Parameters<WatchedBrowser['open']>[1] & { as?: string } = {}) {
  const { as = served.token, ...context } = options
  const page = await browser.open(served.link(path, as), context)
  await live(page).waitFor()
  return page
}

describe('the networks', () => {
  test('stand with their hosts and ports, the groups with what they let through, the floating IPs with whose they are', async () => {
    const page = await openLive('/networks')
    await row(page, 'Networks', 'shop.lan').getByText('10.0.0.0/24, 2001:db8:5::/64').waitFor()
    await row(page, 'Networks', 'shop.lan').getByText('VLAN 30').waitFor()
    await row(page, 'Security groups', 'shop.db').getByText('in tcp 5432 from security group shop.web').waitFor()
    await row(page, 'Security groups', 'shop.web').getByRole('link', { name: 'shop.web' }).waitFor()
    await row(page, 'Floating IPs', /^192.0.2.49 /)
      .getByRole('link', { name: 'shop.web' })
      .waitFor()
    await row(page, 'Floating IPs', /^192.0.2.50 /)
      .getByText('tcp 8022 to shop.db:22')
      .waitFor()
    await row(page, 'Networks', 'shop.lan').getByRole('link', { name: 'shop.lan' }).click()
    await row(page, 'Hosts', 'xen1').getByRole('link', { name: 'Rules of xen1' }).waitFor()
    await row(page, 'Ports', 'shop.web').getByText('192.0.2.49').waitFor()
    await row(page, 'Ports', 'shop.locked').getByText('none: only what it needs to live').waitFor()
    await page.context().close()
  })

  test('an apply changes groups and rules of pages that are open, and a report who is on a network', async () => {
    const networks = await openLive('/networks')
    const network = await openLive('/networks/shop.lan')
    const rules = await openLive('/hosts/xen2/rules?q=shop.db')
    const letsWebIn = 'in tcp 5432 from security group shop.web'
    await row(networks, 'Security groups', 'shop.db').getByText(letsWebIn).waitFor()
    await rules.getByText('security group shop.db lets tcp 5432 in').first().waitFor()
    await row(network, 'Ports', 'shop.guest').waitFor()

    await served.fleet.apply(shop({ closed: true }))
    await networks.getByText(letsWebIn).waitFor({ state: 'detached' })
    await rules.getByText('security group shop.db lets tcp 5432 in').first().waitFor({ state: 'detached' })
    // It has to go from its host first.
    await row(network, 'Ports', 'shop.guest').waitFor()
    await report()
    await row(network, 'Ports', 'shop.guest').waitFor({ state: 'detached' })

    await served.fleet.apply(shop())
    await report()
    await row(networks, 'Security groups', 'shop.db').getByText(letsWebIn).waitFor()
    for (const page of [networks, network, rules]) await page.context().close()
  })

  test('one that does not exist is said to be unknown, in the words of the server', async () => {
    const page = await openLive('/networks/shop.nowhere')
    await page.getByRole('alert').getByText('no network shop.nowhere; there are shop.lan, shop.raw').waitFor()
    await page.context().close()
  })

  test('a server without any tells the command that makes one', async () => {
    const empty = await servePage()
    try {
      const page = await browser.open(empty.link('/networks'))
      await page.getByRole('heading', { name: 'No networks yet' }).waitFor()
      await page.getByText('slipway apply -f stack.yaml').waitFor()
      await page.context().close()
    } finally {
      await empty.remove()
    }
  })
})

describe('a trace', () => {
  const panel = (page: Page) => region(page, 'May this be said?')

  test('is asked by keyboard alone, and says who lets it through on both hosts, and how the answer comes back', async () => {
    const page = await openLive('/networks', { as: viewer })
    await panel(page).getByLabel('From', { exact: true }).focus()
    await ask(page, '10.0.0.11', '10.0.0.12', '5432')
    await page.keyboard.press('Enter')
    await panel(page).getByText('It passes: ').getByText('security group shop.db lets tcp 5432 in').waitFor()
    const hops = panel(page).getByRole('listitem')
    await hops.filter({ hasText: 'on xen1' }).filter({ hasText: '10.0.0.11:49152 → 10.0.0.12:5432' }).first().waitFor()
    await hops.filter({ hasText: 'on xen2' }).filter({ hasText: 'label "sg:' }).first().waitFor()
    await panel(page).getByRole('heading', { name: 'The answer' }).waitFor()
    await panel(page).getByText('by the state of what passed before').first().waitFor()
    await shoot(page, 'trace passes')
    await page.setViewportSize({ width: 400, height: 800 })
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    await shoot(page, 'trace passes narrow')
    await page.context().close()
  })

  test('that is blocked names the rule; the button keeps the focus for the next', async () => {
    const page = await openLive('/networks')
    await panel(page).getByLabel('From', { exact: true }).focus()
    await ask(page, '10.0.0.12', '10.0.0.11', '22')
    await button(page, 'Trace').focus()
    await page.keyboard.press('Space')
    await panel(page).getByText('Blocked on xen1').getByText('no security group of the instance lets this in').waitFor()
    expect(await page.evaluate('document.activeElement.innerText')).toBe('Trace')
    await panel(page).getByText('tcp from 10.0.0.12 to 10.0.0.11 port 22, asked').waitFor()
    await page.emulateMedia({ colorScheme: 'dark' })
    await shoot(page, 'trace blocked dark')
    await panel(page).getByLabel('Protocol').selectOption('icmp')
    expect(await panel(page).getByLabel('Port').isDisabled()).toBe(true)
    await button(page, 'Trace').press('Enter')
    await panel(page).getByText('icmp from 10.0.0.12 to 10.0.0.11, asked').waitFor()
    await page.context().close()
  })

  test('from outside shows what translation makes of it', async () => {
    const page = await openLive('/networks')
    await panel(page).getByLabel('From', { exact: true }).focus()
    await ask(page, '203.0.113.9', '192.0.2.49', '80')
    await page.keyboard.press('Enter')
    await panel(page).getByText('floating IP shop.front: 192.0.2.49 outside is 10.0.0.11').first().waitFor()
    await shoot(page, 'trace from outside')
    await page.context().close()
  })

  test('that makes no sense is answered in the words of the server, and the host that it asks for can be named', async () => {
    const page = await openLive('/networks')
    await panel(page).getByLabel('From', { exact: true }).focus()
    await ask(page, 'web', '10.0.0.12', '80')
    await page.keyboard.press('Enter')
    await panel(page).getByRole('alert').getByText('from: web is no IP address').waitFor()
    await panel(page).getByLabel('From', { exact: true }).fill('203.0.113.9')
    await panel(page).getByLabel('To', { exact: true }).fill('203.0.113.10')
    await page.keyboard.press('Enter')
    await panel(page).getByRole('alert').getByText('name the host that is meant').waitFor()
    await shoot(page, 'trace refused')
    await panel(page).getByLabel('Host').selectOption('xen2')
    await button(page, 'Trace').click()
    await panel(page).getByRole('listitem').filter({ hasText: 'on xen2' }).first().waitFor()
    expect(await panel(page).getByRole('alert').count()).toBe(0)
    await page.context().close()
  })

  test('says what is not known of a host on the way', async () => {
    xen2.sayNetwork(undefined)
    await report()
    const page = await openLive('/networks')
    await panel(page).getByLabel('From', { exact: true }).focus()
    await ask(page, '10.0.0.11', '10.0.0.12', '5432')
    await page.keyboard.press('Enter')
    await panel(page).getByText('xen2 reports no network').waitFor()
    await shoot(page, 'trace assumed')
    await page.goto(`${served.url}/hosts/xen2/rules`)
    await page.getByText('xen2 reports no network').waitFor()
    await page.getByText('whether these rules are in force is not known').waitFor()
    xen2.sayNetwork({})
    await report()
    await page.getByText('xen2 reports no network').waitFor({ state: 'detached' })
    await page.context().close()
  })

  /** Types into the fields one after the other, from the first. */
  async function ask(page: Page, from: string, to: string, port: string): Promise<void> {
    await page.keyboard.type(from)
    await page.keyboard.press('Tab')
    await page.keyboard.type(to)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Control+A')
    await page.keyboard.type(port)
  }
})

describe('the rules of a host', () => {
  test('are searched by words that stand in the address', async () => {
    const page = await openLive('/hosts/xen1/rules')
    const rule = 'security group shop.web lets tcp 443 in from anybody'
    await page.getByText(rule, { exact: true }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('shop.web 443')
    await eventually(() => page.getByRole('listitem').count()).toBe(2)
    await eventually(() => page.url()).toBe(`${served.url}/hosts/xen1/rules?q=shop.web%20443`)
    await page.reload()
    await page.getByText(rule, { exact: true }).waitFor()
    await eventually(() => page.getByRole('listitem').count()).toBe(2)
    await shoot(page, 'rules searched')
    await page.getByRole('searchbox').fill('nothing like it')
    await page.getByRole('heading', { name: 'No rule matches' }).waitFor()
    await page.getByRole('searchbox').press('Escape')
    await eventually(() => page.getByRole('listitem').count()).toBeGreaterThan(20)
    expect(page.url()).toBe(`${served.url}/hosts/xen1/rules`)
    await page.context().close()
  })

  test('that are not in force yet are said not to be', async () => {
    xen1.sayNetwork({ loaded: 1 })
    await xen1.report()
    const page = await openLive('/hosts/xen1/rules')
    await page.getByText('the host has those of generation 1 in force').waitFor()
    xen1.sayNetwork({})
    await xen1.report()
    await page.getByText('the host has those of generation 1 in force').waitFor({ state: 'detached' })
    await page.context().close()
  })
})

describe('the network of a host', () => {
  test('shows what is in force, what is on trial and for how long, and what was refused, with what to run', async () => {
    const page = await openLive('/hosts/xen1')
    const network = region(page, 'Network')
    await network.getByText('em0 198.51.100.7').waitFor()
    await network.getByText('3 with their rules in force').waitFor()
    xen1.sayNetwork({ trial: { generation: 7, until: new Date(Date.now() + 119_000).toISOString() } })
    await xen1.report()
    await network
      .getByText('Generation 7 is on trial')
      .getByText(/^1 min \d+ s$/)
      .waitFor()
    await shoot(page, 'host trial')
    const at = new Date(Date.now() - 90_000).toISOString()
    xen1.sayNetwork({
      loaded: 1,
      refused: { generation: 7, reason: 'the server could not be reached within 120 s', at },
      drift: { count: 3, last: { at, what: 'the anchor org.openstack/sg was emptied' } },
      statesKilled: 12,
      filterLocal: false,
    })
    await xen1.report()
    await network.getByRole('alert').getByText('the server could not be reached within 120 s').waitFor()
    await network.getByText('slipway host clear-rejected', { exact: true }).waitFor()
    await network.getByText('generation 1; ').waitFor()
    await network.getByText('3 times, last').getByText('1 min ago').waitFor()
    await network.getByText('the anchor org.openstack/sg was emptied').waitFor()
    await network.getByText('12', { exact: true }).waitFor()
    await network.getByText('net.pf.filter_local is off').waitFor()
    await shoot(page, 'host refused')
    await page.setViewportSize({ width: 400, height: 800 })
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    xen1.sayNetwork({})
    await xen1.report()
    await network.getByRole('alert').waitFor({ state: 'detached' })
    await page.context().close()
  })
})

test('the ports of an instance name their groups and floating IPs, and a port without addresses that nothing is filtered', async () => {
  const page = await openLive('/instances/shop.web')
  await row(page, 'Ports', 'shop.lan').getByText('shop.web', { exact: true }).waitFor()
  await row(page, 'Ports', 'shop.lan').getByText('192.0.2.49').waitFor()
  await row(page, 'Ports', 'shop.raw').getByText('not filtered').waitFor()
  await row(page, 'Ports', 'shop.lan').getByRole('link', { name: 'shop.lan' }).click()
  await page.getByRole('heading', { name: 'shop.lan' }).waitFor()
  await page.context().close()
})

describe('looks', () => {
  const pages = {
    networks: '/networks',
    network: '/networks/shop.lan',
    rules: '/hosts/xen1/rules',
    'host with networks': '/hosts/xen1',
    'ports of an instance': '/instances/shop.web',
  }

  test.each(Object.entries(pages))(
    'the page of the %s fits into 400 pixels, and all on it has a name',
    async (name, path) => {
      await expectLooks(await openLive(path, { viewport: { width: 400, height: 800 } }), name)
    },
  )
})

// Last, over all that the tests above did.
test('no request ever left the server that served the page, and nothing was refused by its policy', () => {
  expectConfined(browser)
})
