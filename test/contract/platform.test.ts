import { expect, test } from 'vitest'
import { type HostPlatform, narrowness, type Platform, platformText, runsOn } from '../../src/contract/platform.ts'

const host: HostPlatform = { os: 'freebsd', architecture: 'amd64', 'os.version': '14' }
const platform = (os: string, architecture: string, version: string) =>
  ({ os, architecture, 'os.version': version }) as Platform

test.each([
  { release: platform('freebsd', 'amd64', '14'), runs: true, narrow: 3 },
  { release: platform('freebsd', 'amd64', '*'), runs: true, narrow: 2 },
  { release: platform('freebsd', '*', '*'), runs: true, narrow: 1 },
  { release: platform('*', '*', '*'), runs: true, narrow: 0 },
  { release: platform('*', '*', '14'), runs: true, narrow: 1 },
  { release: platform('freebsd', 'arm64', '*'), runs: false, narrow: 2 },
  { release: platform('freebsd', 'amd64', '15'), runs: false, narrow: 3 },
  { release: platform('*', '*', '1'), runs: false, narrow: 1 },
])('$release on freebsd/amd64/14: $runs', ({ release, runs, narrow }) => {
  expect(runsOn(release, host)).toBe(runs)
  expect(narrowness(release)).toBe(narrow)
})

test('a platform is written with slashes', () => {
  expect(platformText(host)).toBe('freebsd/amd64/14')
  expect(platformText(platform('freebsd', '*', '*'))).toBe('freebsd/*/*')
})
