import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { SnapshotStatus } from '../../src/contract/compute-status.ts'
import type { HostHistory } from '../../src/contract/history.ts'
import { openBrowser, type WatchedBrowser } from '../web/browser.ts'
import { buildPage } from '../web/build-page.ts'
import { type CloudHost, cloudHost } from '../web/cloud-host.ts'
import { eventually, expectConfined, expectLooks, live, overflow, shoot, watchRows } from '../web/look.ts'
import { type ServedPage, servePage } from '../web/served-page.ts'

// The pages of instances, their consoles and stacks in a real browser, against the real server; hosts are played over its API.

vi.setConfig({ testTimeout: 90_000 })

let browser: WatchedBrowser
let served: ServedPage
let xen1: CloudHost
let xen2: CloudHost
let viewer: string

/** 98 + 99 members, and three with names: 200. */
const farm = `name: farm
flavors:
  - {name: small, vcpus: 1, memory: 512MiB, disk: 1GiB}
networks:
  - {name: lan, bridge: bridge0, ipv4: {range: 10.0.0.0/16, gateway: 10.0.0.1}}
instances:
  - {name: front, count: 98, flavor: small, image: {empty: true}, networks: [lan], placement: {host: xen1}}
  - {name: back, count: 99, flavor: small, image: {empty: true}, networks: [lan], placement: {host: xen2}}
`
const web = (memory: string) => `name: web
networks:
  - {name: lan, bridge: bridge0, ipv4: {range: 192.0.2.0/24, gateway: 192.0.2.1}, ipv6: {range: 2001:db8::/64}}
volumes:
  - {name: data, size: 8GiB}
instances:
  - name: db
    vcpus: 2
    memory: ${memory}
    disk: 20GiB
    image: {name: debian, version: 12.1.0}
    networks: [lan]
    volumes: [{volume: data}]
    labels: {tier: data}
    placement: {host: xen1}
  - name: cache
    vcpus: 1
    memory: 1GiB
    disk: 4GiB
    image: {name: debian, version: 12.1.0}
    networks: [lan]
    placement: {host: xen2}
  - name: job
    vcpus: 1
    memory: 1GiB
    disk: 4GiB
    image: {name: debian, version: 12.1.0}
    placement: {host: xen2}
`

beforeAll(async () => {
  await buildPage()
  browser = await openBrowser()
  served = await servePage()
  const { fleet } = served
  await fleet.publish('agent', '1.0.0')
  await fleet.promote('stable', ['agent', '1.0.0'])
  await fleet.publishImage('debian', '12.1.0')
  const [first, second] = (await fleet.enrol(['xen1', 'xen2'], { channel: 'stable' })).map(cloudHost)
  xen1 = first as CloudHost
  xen2 = second as CloudHost
  await xen1.report()
  await xen2.report()
  await fleet.apply(farm)
  await fleet.apply(web('2GiB'))
  await fleet.apply(web('4GiB'))
  xen1.say('web.db', {
    health: 'healthy',
    atNextStart: ['memory'],
    revision: 1,
    snapshots: ['before-upgrade', 'after-upgrade', 'nightly'].map(snapshot),
  })
  xen2.say('web.cache', { state: 'waiting', reason: 'there is no bridge bridge0 on this host' })
  xen2.say('web.job', { state: 'backing-off', restarts: 4, reason: 'it crashed 4 times; the next start is at 19:30' })
  await xen1.report()
  await xen2.report()
  viewer = (await fleet.createToken('looker', 'viewer')).secret
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await served?.remove()
})

const GiB = 2 ** 30

/** A point each minute, but for ten minutes in which the host said nothing; eight instances, of which the last is the busiest. */
const twoHours: HostHistory = {
  host: 'xen1',
  points: Array.from({ length: 120 }, (_, minute) => minute)
    .filter((minute) => minute < 50 || minute > 60)
    .map((minute) => ({
      at: new Date(Date.UTC(2026, 10, 22, 10, minute)).toISOString(),
      cpuRatio: 0.4 + 0.2 * Math.sin(minute / 9),
      memoryBytes: 256 * GiB,
      freeMemoryBytes: (192 - minute / 2) * GiB,
      poolBytes: 4096 * GiB,
      freePoolBytes: (400 + minute) * GiB,
      pf: {
        states: 20_000 + 500 * minute,
        stateLimit: 100_000,
        passedPacketsPerSecond: 12_000 + 3000 * Math.cos(minute / 5),
        blockedPacketsPerSecond: minute > 90 ? 250 : 0.4,
      },
      instances: Array.from({ length: 8 }, (_, index) => ({
        id: `6f1b6c0e-0000-4000-8000-00000000000${index}`,
        name: `farm.front-${index}`,
        cpuRatio: (index + 1) * (0.1 + 0.05 * Math.sin(minute / 7 + index)),
        memoryBytes: 1.5 * GiB + minute * 2 ** 20,
        receivedBytesPerSecond: (index + 1) * 90_000 * (1 + Math.sin(minute / 4 + index)),
        sentBytesPerSecond: (index + 1) * 60_000 * (1 + Math.cos(minute / 6 + index)),
        readBytesPerSecond: minute % 30 < 3 ? 40 * 2 ** 20 : 0,
        writtenBytesPerSecond: 2 ** 20,
      })),
    })),
}

function snapshot(name: string, index: number): SnapshotStatus {
  const at = new Date(Date.UTC(2026, 10, 20 + index)).toISOString()
  return { name, at, memory: index === 1, usedBytes: (index + 1) * 50 * 2 ** 20 }
}

const row = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })
const rows = (page: Page) => page.locator('tbody tr').count()
const region = (page: Page, name: string) => page.getByRole('region', { name })
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

async function openLive(path: string, options: Parameters<WatchedBrowser['open']>[1] & { as?: string } = {}) {
  const { as = served.token, ...context } = options
  const page = await browser.open(served.link(path, as), context)
  await live(page).waitFor()
  return page
}

describe('the instances', () => {
  test('two hundred are shown; one that waits or fails says why, and a report touches only the rows it changes', async () => {
    const page = await openLive('/instances')
    await eventually(() => rows(page)).toBe(200)
    await row(page, 'web.cache').getByText('there is no bridge bridge0').waitFor()
    await row(page, 'web.job').getByText('it crashed 4 times').waitFor()
    const changed = row(page, 'farm.front-7')
    await changed.getByText('Running').waitFor()
    await changed.getByText('3 h').waitFor()
    const touched = await watchRows(page, ['Up'])
    xen1.say('farm.front-7', { state: 'crashed', reason: 'the guest panicked' })
    await xen1.report()
    await changed.getByText('Crashed').waitFor()
    await changed.getByText('the guest panicked').waitFor()
    await button(page, '1 Crashed').waitFor()
    expect(await touched()).toEqual(['farm.front-7'])
    xen1.say('farm.front-7', { state: 'running', reason: undefined as never })
    await xen1.report()
    await page.context().close()
  })

  test('stack, host, state and words filter, and stand in the address', async () => {
    const page = await openLive('/instances')
    await page.getByLabel('Stack').selectOption('web')
    await eventually(() => rows(page)).toBe(3)
    await page.getByLabel('Host').selectOption('xen2')
    await eventually(() => rows(page)).toBe(2)
    await button(page, '1 Waiting').click()
    await eventually(() => rows(page)).toBe(1)
    expect(page.url()).toBe(`${served.url}/instances?stack=web&host=xen2&state=waiting`)
    await page.reload()
    await eventually(() => rows(page)).toBe(1)
    await page.keyboard.press('/')
    await page.keyboard.type('nothing like it')
    await page.getByRole('heading', { name: 'No instance matches' }).waitFor()
    await page.context().close()
  })
})

describe('one instance', () => {
  test('shows its disks, ports, image, what waits for its next start, and how it is', async () => {
    const page = await openLive('/instances/web.db')
    await region(page, 'Disks').getByRole('row', { name: 'volume web.data' }).waitFor()
    await region(page, 'Disks').getByRole('row', { name: 'debian 12.1.0' }).getByText('2.5 GiB').waitFor()
    await region(page, 'Ports').getByText('00:16:3e').waitFor()
    await region(page, 'Ports').getByText('192.0.2.').waitFor()
    await region(page, 'Ports').getByText('xnb7.0').waitFor()
    await page.getByText('This waits for the next start: memory').waitFor()
    await region(page, 'Instance').getByText('2 vCPUs, 4.0 GiB of memory').waitFor()
    await region(page, 'Instance').getByText('8.3 s until healthy').waitFor()
    await region(page, 'Instance').getByRole('listitem').filter({ hasText: 'tier=data' }).waitFor()
    await page.context().close()
  })

  test('is stopped by force when a person agrees to that, and says what came of it', async () => {
    const page = await openLive('/instances/farm.front-1')
    await button(page, 'Stop').click()
    const dialog = page.getByRole('dialog', { name: 'Stop farm.front-1?' })
    await dialog.getByLabel('Cut it off at once').check()
    await dialog.getByRole('button', { name: 'Stop' }).click()
    const operation = await xen1.asked('stop')
    expect(operation.arguments).toEqual({ force: true })
    const shown = region(page, 'Operations').getByRole('row', { name: 'Stop, by force' })
    await shown.getByText('Asked for').waitFor()
    await xen1.answer(operation.id, { state: 'done', result: 'it was cut off' })
    await shown.getByText('it was cut off').waitFor()
    await page.getByRole('heading', { name: 'farm.front-1' }).locator('..').getByText('Stopped').waitFor()

    await button(page, 'Start').click()
    const start = await xen1.asked('start')
    await xen1.answer(start.id, { state: 'done', result: 'it runs' })
    await region(page, 'Operations').getByText('it runs').waitFor()
    await page.context().close()
  })

  test('an operation that fails shows its reason, though the instance stays as it is', async () => {
    const page = await openLive('/instances/farm.front-2')
    await button(page, 'Reboot').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Reboot' }).click()
    const operation = await xen1.asked('reboot')
    await xen1.answer(operation.id, { state: 'failed', problem: 'the guest did not reboot within 120 s' })
    await region(page, 'Operations').getByText('did not reboot within 120 s').waitFor()
    await page.context().close()
  })

  test('a snapshot is taken; restoring names the younger ones that are lost, and is not done before they may be', async () => {
    const page = await openLive('/instances/web.db')
    const snapshots = region(page, 'Snapshots')
    await button(page, 'Take a snapshot').click()
    const taking = page.getByRole('dialog')
    await taking.getByLabel('Name').fill('nightly')
    await taking.getByText('There is a snapshot of this name').waitFor()
    expect(await taking.getByRole('button', { name: 'Take it' }).isDisabled()).toBe(true)
    await taking.getByLabel('Name').fill('now')
    await taking.getByLabel('With the memory').check()
    await taking.getByRole('button', { name: 'Take it' }).click()
    const take = await xen1.asked('snapshot')
    expect(take.arguments).toEqual({ name: 'now', memory: true })
    const taken = { name: 'now', at: new Date().toISOString(), memory: true, usedBytes: 0 }
    xen1.say('web.db', {
      snapshots: [...['before-upgrade', 'after-upgrade', 'nightly'].map(snapshot), taken],
    })
    await xen1.answer(take.id, { state: 'done', result: 'snapshot now of 2 disks and the memory' })
    await snapshots.getByRole('row', { name: 'now', exact: false }).getByText('disks and memory').first().waitFor()

    await button(page, 'Restore after-upgrade').click()
    const restoring = page.getByRole('dialog')
    await restoring.getByText('nightly, now').waitFor()
    const restore = restoring.getByRole('button', { name: 'Restore' })
    expect(await restore.isDisabled()).toBe(true)
    await shoot(page, 'restore')
    await restoring.getByLabel('Discard them').check()
    await restore.click()
    const back = await xen1.asked('restore')
    expect(back.arguments).toEqual({ name: 'after-upgrade', discardYounger: true })
    await xen1.answer(back.id, { state: 'done', result: 'back at snapshot after-upgrade' })
    await region(page, 'Operations').getByText('back at snapshot after-upgrade').waitFor()

    await button(page, 'Delete before-upgrade').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    const gone = await xen1.asked('delete-snapshot')
    await xen1.answer(gone.id, { state: 'done', result: 'snapshot before-upgrade is gone' })
    await page.context().close()
  })

  test('what the server refuses is said in the dialog, which stays; Escape closes it and goes back to its button', async () => {
    const page = await openLive('/instances/farm.front-3')
    await page.route('**/operations', (route) =>
      route.request().method() === 'POST'
        ? route.fulfill({ status: 409, json: { title: 'conflict', detail: 'farm.front-3 is being removed from xen1' } })
        : route.fallback(),
    )
    await button(page, 'Stop').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('dialog').getByRole('alert').getByText('is being removed from xen1').waitFor()
    await page.keyboard.press('Escape')
    await eventually(() => page.getByRole('dialog').count()).toBe(0)
    await eventually(() => page.evaluate('document.activeElement.innerText')).toBe('Stop')
    await page.context().close()
  })

  test('its image on the way is followed', async () => {
    const page = await openLive('/instances/web.job')
    const digest = `sha256:${'1'.repeat(64)}`
    const coming = (doneBytes: number) => ({
      images: [{ name: 'debian', version: '12.1.0', digest, doneBytes, sizeBytes: 100 * 2 ** 20 }],
    })
    await xen2.report(coming(34 * 2 ** 20))
    await page.getByText('Fetching debian 12.1.0: 34 %, 34.0 MiB of 100 MiB').waitFor()
    await xen2.report(coming(80 * 2 ** 20))
    await page.getByText('Fetching debian 12.1.0: 80 %').waitFor()
    await xen2.report()
    await page.getByText('Fetching').waitFor({ state: 'detached' })
    await page.context().close()
  })

  test('a viewer sees all of it and nothing to press; a console is not his', async () => {
    const page = await openLive('/instances/web.db', { as: viewer })
    await region(page, 'Snapshots').getByRole('row', { name: 'nightly' }).waitFor()
    await region(page, 'Operations').getByText('back at snapshot after-upgrade').waitFor()
    const buttons = page.getByRole('main').getByRole('button')
    expect(await buttons.count()).toBe(
      await page
        .getByRole('main')
        .getByRole('button', { name: /^Copy / })
        .count(),
    )
    await page.goto(`${served.url}/instances/web.db/console`)
    await page.getByText('Consoles are for admins').waitFor()
    await page.goto(`${served.url}/stacks/web`)
    await page.getByText('shown to admins only').waitFor()
    expect(await button(page, 'Revert to revision 1').count()).toBe(0)
    await page.context().close()
  })

  test('one that does not exist is said to be unknown, in the words of the server', async () => {
    const page = await openLive('/instances/web.nobody')
    await page.getByRole('alert').getByText('no instance web.nobody').waitFor()
    await page.context().close()
  })
})

describe('a console', () => {
  test('carries keys and text both ways, says why it ended, and is joined again', async () => {
    const page = await openLive('/instances/web.db')
    expect(browser.requested.some((address) => address.includes('console-'))).toBe(false)
    await button(page, 'Console').click()
    const first = await xen1.asked('console')
    const guest = await xen1.dial(first.arguments.stream)
    const heard: Buffer[] = []
    guest.bytes.on('data', (keys: Buffer) => {
      heard.push(keys)
      guest.bytes.write(String(keys) === '\r' ? '\r\nPassword: ' : keys)
    })
    guest.bytes.write('\x1b[1mDebian\x1b[0m web-db hvc0\r\n\r\nweb-db login: ')
    const text = page.locator('.xterm-rows')
    await text.getByText('web-db login:').waitFor()
    await page.getByText('leave with Ctrl and ]').waitFor()
    // Nobody has clicked into it.
    await page.keyboard.type('root ü')
    await page.keyboard.press('Enter')
    await text.getByText('Password:').waitFor()
    expect(Buffer.concat(heard).toString()).toBe('root ü\r')
    await shoot(page, 'console')

    await xen1.answer(first.id, { state: 'running' })
    guest.close(1011, 'web.db does not run any more')
    await page.getByRole('alert').getByText('web.db does not run any more').waitFor()
    await shoot(page, 'console-ended')
    await eventually(() => page.evaluate('document.activeElement.innerText')).toBe('Join again')
    await page.keyboard.press('Enter')
    const second = await xen1.asked('console')
    const again = await xen1.dial(second.arguments.stream)
    again.bytes.write('here again')
    await text.getByText('here again').waitFor()

    await page.keyboard.press('Control+]')
    await page.getByText('You left the console').waitFor()
    again.bytes.resume()
    expect(await again.ended).toMatchObject({ code: 1000 })
    await page.context().close()
  })

  test('fits its window, and follows its size', async () => {
    const page = await openLive('/instances/web.db/console')
    const lines = () => page.locator('.xterm-rows > div').count()
    await eventually(lines).toBeGreaterThan(25)
    const many = await lines()
    await page.setViewportSize({ width: 700, height: 420 })
    await eventually(lines).toBeLessThan(many / 1.5)
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    expect(await page.evaluate<number>('document.documentElement.scrollHeight - innerHeight')).toBeLessThanOrEqual(0)
    await page.context().close()
  })

  test('that the server does not open says why', async () => {
    const page = await openLive('/instances/web.nobody/console')
    await page.getByRole('alert').getByText('no instance web.nobody').waitFor()
    await page.context().close()
  })
})

describe('the stacks', () => {
  test('stand with their revision, who applied it, and how many of them run', async () => {
    const page = await openLive('/stacks')
    const stack = row(page, 'web')
    await stack.getByText('1 / 3').waitFor()
    await stack.getByText('token admin').waitFor()
    await stack.getByRole('link', { name: 'web' }).click()
    await region(page, 'Volumes').getByRole('row', { name: 'web.data' }).getByText('There').waitFor()
    await region(page, 'Networks').getByText('192.0.2.0/24, 2001:db8::/64').waitFor()
    await region(page, 'Instances').getByRole('row', { name: 'web.cache' }).getByText('Waiting').waitFor()
    await region(page, 'Text').getByText('memory: 4GiB').waitFor()
    await page.context().close()
  })

  test('a revision shows what it changed, and the way back shows its plan, asks, and is gone live', async () => {
    const page = await openLive('/stacks/web')
    await button(page, 'Changes of revision 2').click()
    const revisions = region(page, 'Revisions')
    await revisions.getByText('-     memory: 2GiB').waitFor()
    await revisions.getByText('+     memory: 4GiB').waitFor()
    await shoot(page, 'diff')
    await button(page, 'Revert to revision 1').click()
    const dialog = page.getByRole('dialog', { name: 'Go back to revision 1 of web?' })
    await dialog.getByText('web.db').first().waitFor()
    await dialog.getByText('memory: 4 GiB → 2 GiB').waitFor()
    await shoot(page, 'revert')
    // Somebody else applies another text meanwhile: this plan is not carried out, and the new one is shown.
    await served.fleet.apply(web('8GiB'))
    await dialog.getByRole('button', { name: 'Revert' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByText('memory: 8 GiB → 2 GiB', { exact: true }).waitFor()
    await dialog.getByRole('button', { name: 'Revert' }).click()
    await revisions.getByText('revert to 1').waitFor()
    await region(page, 'Text').getByText('memory: 2GiB').waitFor()
    await page.context().close()
  })

  test('a plan that removes something says whom it interrupts', async () => {
    await served.fleet.apply('name: small\ninstances: []\n')
    await served.fleet.apply(
      'name: small\ninstances:\n  - {name: a, vcpus: 1, memory: 1GiB, disk: 1GiB, image: {empty: true}}\n',
    )
    const page = await openLive('/stacks/small')
    await button(page, 'Revert to revision 1').click()
    await page.getByRole('dialog').getByText('It interrupts small.a').waitFor()
    await shoot(page, 'revert-interrupts')
    await page.context().close()
  })
})

test('a host shows what it has, what compute can do and why not, and its instances', async () => {
  const page = await openLive('/hosts/xen1')
  await region(page, 'Capacity').getByText('192 GiB free of 256 GiB').waitFor()
  await region(page, 'Capacity').getByText('400 GiB free of 4.0 TiB').waitFor()
  await region(page, 'Capabilities').getByText('xl save needs 2 GiB in /var/db').waitFor()
  await region(page, 'Instances').getByRole('row', { name: 'web.db' }).waitFor()
  await page.context().close()
})

describe('the history', () => {
  const lines = (page: Page) => page.locator('.recharts-line-curve').count()
  const chart = (page: Page, name: string) => page.getByRole('figure', { name, exact: true })
  const drawingLoaded = (page: Page) =>
    page.evaluate<boolean>(`performance.getEntriesByType('resource').some(({ name }) => /time-lines.*js/.test(name))`)

  test('of a host is drawn as soon as it has told what it uses, and what draws is loaded only then', async () => {
    const before = await openLive('/hosts/xen1')
    await region(before, 'History').getByText('No samples yet: a host sends some every minute').waitFor()
    expect(await drawingLoaded(before)).toBe(false)

    const at = new Date().toISOString()
    xen1.sayNetwork({})
    xen1.sayFigures({
      compute: (instances) => ({
        at,
        memoryBytes: 256 * GiB,
        freeMemoryBytes: 192 * GiB,
        instances: instances.map(({ id }) => ({ id, cpuSeconds: 7, memoryBytes: 512 * 2 ** 20 })),
      }),
      network: { at, states: 1234, stateLimit: 100_000, stateSearches: 0, stateInserts: 0 },
    })
    await xen1.report()
    // There is no event for it: whoever looks again is shown it at once.
    await before.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
    await chart(before, 'Memory').getByRole('row', { name: 'Taken 64.0 GiB 64.0 GiB 64.0 GiB' }).waitFor()
    await chart(before, 'States of PF').getByRole('row', { name: 'Limit 100,000' }).waitFor()
    await chart(before, 'CPU').getByText('No samples yet').waitFor()
    await eventually(() => drawingLoaded(before)).toBe(true)
    await before.context().close()
  })

  test('of two hours shows the busiest instances, and gaps; the arrow keys go through its moments', async () => {
    const page = await browser.open(served.link('/'), { viewport: { width: 400, height: 800 } })
    await page.route('**/api/v1/hosts/xen1/history', (route) => route.fulfill({ json: twoHours }))
    await live(page).waitFor()
    await page.evaluate(`history.pushState(null, '', '/hosts/xen1'); dispatchEvent(new PopStateEvent('popstate'))`)
    await region(page, 'History').getByText('the last 1 h 59 min').waitFor()
    const busy = chart(page, 'CPU of the instances')
    await busy.getByRole('row', { name: /^farm.front-7 / }).waitFor()
    expect(await busy.getByRole('row').allInnerTexts()).toHaveLength(7)
    await busy.getByRole('row', { name: /^3 others / }).waitFor()
    await eventually(() => lines(page)).toBe(3 + 6 + 6 + 6 + 3)

    const drawing = chart(page, 'CPU').getByRole('application')
    await drawing.focus()
    await page.keyboard.press('ArrowRight')
    await chart(page, 'CPU').getByText('2026-11-22 10:01:00 UTC').waitFor()
    await drawing.blur()
    await expectLooks(page, 'host with history')
  })

  test('of an instance shows it against what it has', async () => {
    const page = await browser.open(served.link('/'), { viewport: { width: 400, height: 800 } })
    const points = twoHours.points.flatMap(({ at, instances }) => instances.slice(0, 1).map((one) => ({ at, ...one })))
    await page.route('**/api/v1/instances/web.db/history', (route) =>
      route.fulfill({ json: { instance: 'web.db', points } }),
    )
    await live(page).waitFor()
    await page.evaluate(
      `history.pushState(null, '', '/instances/web.db'); dispatchEvent(new PopStateEvent('popstate'))`,
    )
    await chart(page, 'CPU').getByRole('row', { name: 'Limit 200 %' }).waitFor()
    await chart(page, 'Memory')
      .getByRole('row', { name: /^Limit \d\.0 GiB/ })
      .waitFor()
    await eventually(() => lines(page)).toBe(6)
    await expectLooks(page, 'instance with history')
  })
})

test('on a new server the pages tell the command to run next', async () => {
  const empty = await servePage()
  try {
    const page = await browser.open(empty.link('/instances'))
    await page.getByText('slipway apply -f stack.yaml').waitFor()
    await page.getByRole('heading', { name: 'No instances yet' }).waitFor()
    await page.getByRole('link', { name: 'Stacks' }).click()
    await page.getByRole('heading', { name: 'No stacks yet' }).waitFor()
    await page.getByText('slipway apply -f stack.yaml').waitFor()
    await page.context().close()
  } finally {
    await empty.remove()
  }
})

describe('looks', () => {
  const pages = {
    instances: '/instances',
    'instances of web': '/instances?stack=web',
    instance: '/instances/web.db',
    stacks: '/stacks',
    stack: '/stacks/web',
    host: '/hosts/xen2',
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
