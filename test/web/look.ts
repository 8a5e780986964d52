import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { WatchedBrowser } from './browser.ts'

// How tests look at a page.

export const live = (page: Page) => page.getByRole('status').getByText('Live', { exact: true })

/** Asks again until the answer is the expected one. */
export const eventually = <T>(ask: () => T) => expect.poll(ask, { timeout: 20_000 })

/** How far the page is wider than its window. */
export const overflow = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')

/** Waits until what was loading is there. */
export async function settled(main: Locator): Promise<void> {
  await eventually(() => main.locator('[aria-hidden=true].mantine-Skeleton-root').count()).toBe(0)
}

/** Everything that can be pressed or filled has a name; something may come between two counts. */
export async function expectNames(page: Page): Promise<void> {
  for (const role of ['button', 'link', 'textbox', 'searchbox', 'combobox', 'checkbox'] as const) {
    const nameless = async () =>
      (await page.getByRole(role).count()) - (await page.getByRole(role, { name: /\S/ }).count())
    await eventually(nameless).toBe(0)
  }
}

/**
 * Writes down which rows of the page's first table are touched from now on; answers what asks for their names. The cells with these labels count
 * time by themselves and are left out.
 */
export async function watchRows(page: Page, counting: readonly string[]): Promise<() => Promise<string[]>> {
  await page.evaluate(`
    window.touched = new Set()
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const cell = (target.nodeType === 1 ? target : target.parentElement).closest('td')
        if (cell && !${JSON.stringify(counting)}.includes(cell.dataset.label))
          window.touched.add(cell.closest('tr').querySelector('th').innerText)
      }
    }).observe(document.querySelector('tbody'), { subtree: true, childList: true, characterData: true, attributes: true })
  `)
  return () => page.evaluate<string[]>('[...window.touched]')
}

/** A picture for a person to look at, in the folder that SLIPWAY_SCREENSHOTS names; without it none is taken. */
export async function shoot(page: Page, name: string, { fullPage = false } = {}): Promise<void> {
  const folder = process.env.SLIPWAY_SCREENSHOTS
  if (!folder) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name.replaceAll(' ', '-')}.png`), fullPage })
}

/** The page, which stands in a narrow window, fits into it and into a wide one, and all on it has a name. Closes it. */
export async function expectLooks(page: Page, name: string): Promise<void> {
  await settled(page.locator('main'))
  await expectNames(page)
  await eventually(() => overflow(page)).toBeLessThanOrEqual(0)
  await shoot(page, `${name} narrow`, { fullPage: true })
  await page.setViewportSize({ width: 1280, height: 800 })
  await shoot(page, name, { fullPage: true })
  await eventually(() => overflow(page)).toBeLessThanOrEqual(0)
  await page.emulateMedia({ colorScheme: 'dark' })
  await shoot(page, `${name} dark`, { fullPage: true })
  await page.context().close()
}

/** After many pages: no request ever left the server that served them, and nothing was refused by its policy. */
export function expectConfined({ requested, complaints }: WatchedBrowser): void {
  expect(requested.length).toBeGreaterThan(100)
  expect(requested.filter((address) => !/^(http:\/\/127\.0\.0\.1:\d+\/|data:)/.test(address))).toEqual([])
  expect(complaints).toEqual([])
}
