import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Debian's Chromium, without a window, and what its pages did. */
export interface WatchedBrowser {
  /** A page in a context of its own, as a new visitor has it. */
  open(address: string, options?: BrowserContextOptions): Promise<Page>
  /** The address of every request of every page. */
  readonly requested: readonly string[]
  /** What pages complained about: uncaught errors, and what the content security policy refused. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

export async function openBrowser(): Promise<WatchedBrowser> {
  const browser: Browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
  const requested: string[] = []
  const complaints: string[] = []
  return {
    requested,
    complaints,
    async open(address, options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
      context.setDefaultTimeout(20_000)
      context.on('request', (request) => requested.push(request.url()))
      context.on('weberror', (error) => complaints.push(error.error().message))
      context.on('console', (message) => {
        if (message.text().includes('Content Security Policy')) complaints.push(message.text())
      })
      const page = await context.newPage()
      await page.goto(address)
      return page
    },
    close: () => browser.close(),
  }
}
