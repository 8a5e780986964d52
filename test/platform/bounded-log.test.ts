import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { openBoundedLog, readBoundedLog } from '../../src/platform/bounded-log.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a bounded log keeps the newest bytes, never more than its size, and goes on after a restart', async () => {
  const path = join(await temporaryFolder(), 'console/web.log')
  let written = ''
  for (const life of [1, 2]) {
    const log = await openBoundedLog(path, 1000)
    for (let line = 0; line < 60; line++) {
      const text = `life ${life}, line ${line}\n`
      written += text
      log.write(Buffer.from(text))
    }
    await log.close()
    expect(log.problem()).toBeUndefined()
  }
  const kept = String(await readBoundedLog(path, 5000))
  expect(kept.length).toBeGreaterThanOrEqual(500)
  expect(kept.length).toBeLessThanOrEqual(1000 + 40)
  expect(written.endsWith(kept)).toBe(true)
  expect(String(await readBoundedLog(path, 100))).toBe(written.slice(-100))
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('a log that cannot be written says so, and the program goes on', async () => {
  const folder = await temporaryFolder()
  const log = await openBoundedLog(join(folder, 'a.log'), 1000)
  const broken = await openBoundedLog(folder, 1_000_000)
  broken.write(Buffer.from('x'))
  await vi.waitFor(() => expect(broken.problem()).toMatch(/^cannot write .*EISDIR/))
  log.write(Buffer.from('fine\n'))
  await log.close()
  await broken.close()
  expect(String(await readBoundedLog(join(folder, 'a.log'), 100))).toBe('fine\n')
})

test('of a log that is not there nothing is read', async () => {
  expect(await readBoundedLog(join(await temporaryFolder(), 'no.log'), 100)).toEqual(Buffer.alloc(0))
})
