import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openTestServer, type TestServer } from '../support/server.ts'
import { fleetByApi } from '../web/fleet-by-api.ts'

// `slipway top` at a real terminal: that of script(1), in whose shell stty(1) then tells how the terminal was left.

const entry = join(import.meta.dirname, '../../src/cli/slipway.js')
const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'

interface Terminal {
  /** All that came so far. */
  text(): string
  /** What was drawn last. */
  screen(): string
  press(keys: string): void
  /** The process of the command, not of its terminal. */
  pid(): number
  /** Resolves to the exit code of the command and the settings of the terminal after it. */
  ended: Promise<{ code: number; settings: string }>
}

async function openTop(server: TestServer, words = ''): Promise<Terminal> {
  const fleet = fleetByApi(server.url, server.adminToken, server.data)
  await server.publish('agent', '1.0.0')
  await fleet.promote('stable', ['agent', '1.0.0'])
  await fleet.enrol(['xen1'], { channel: 'stable' })
  await fleet.close()
  const command = `stty rows 12 cols 90; tty; '${process.execPath}' '${entry}' top ${words}; echo "ended $?"; stty -a; echo over`
  const child: ChildProcess = spawn('script', ['-qfec', command, '/dev/null'], {
    env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm', SLIPWAY_URL: server.url, SLIPWAY_TOKEN: server.adminToken },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  const ended = new Promise<{ code: number; settings: string }>((resolve) =>
    child.once('close', () => {
      const [, code, settings = ''] = /ended (\d+)([\s\S]*)over/.exec(text) ?? []
      resolve({ code: Number(code), settings })
    }),
  )
  return {
    text: () => text,
    screen: () => text.slice(text.lastIndexOf('\x1b[H')),
    press: (keys) => void child.stdin?.write(keys),
    pid: () => Number(execFileSync('pgrep', ['-f', `${entry} top`, '-t', ttyOf(text)], { encoding: 'utf8' })),
    ended,
  }
}

/** "pts/3" */
function ttyOf(text: string): string {
  return /\/dev\/(pts\/\d+)/.exec(text)?.[1] ?? ''
}

const until = (ask: () => string) => expect.poll(ask, { timeout: 60_000 })

/** The terminal stands as it did before: keys are echoed, lines are edited, the cursor and the text of before are back. */
async function expectGivenBack(terminal: Terminal, code: number): Promise<void> {
  const { code: told, settings } = await terminal.ended
  expect(told).toBe(code)
  expect(settings).toMatch(/\sicanon\s/)
  expect(settings).toMatch(/\secho\s/)
  expect(settings).toMatch(/\sisig\s/)
  expect(terminal.text().split(enter)).toHaveLength(2)
  expect(terminal.text().split(leave)).toHaveLength(2)
  expect(terminal.text().lastIndexOf('\x1b[H')).toBeLessThan(terminal.text().indexOf(leave))
}

test('it follows keys, the window and a server that goes away, and q gives the terminal back', async () => {
  const server = await openTestServer()
  const top = await openTop(server, '--interval 1')
  await until(top.screen).toContain('xen1')
  expect(top.screen()).toContain('by cpu')
  top.press('n')
  await until(top.screen).toContain('by net')
  top.press('\x1b[D')
  await until(top.screen).toContain('by memory')
  top.press('i')
  await until(top.screen).not.toContain('xen1')
  top.press('i')
  await until(top.screen).toContain('xen1')

  expect(top.screen().split('\r\n')).toHaveLength(12)
  execFileSync('stty', ['-F', `/dev/${ttyOf(top.text())}`, 'rows', '8', 'cols', '50'])
  await until(() => String(top.screen().split('\r\n').length)).toBe('8')

  await server.close()
  await until(top.screen).toMatch(/no answer since \d\d:\d\d:\d\d UTC/)
  expect(top.screen()).toContain('xen1')
  top.press('q')
  await expectGivenBack(top, 0)
})

test('Ctrl-C gives the terminal back', async () => {
  const top = await openTop(await openTestServer())
  await until(top.screen).toContain('xen1')
  top.press('\x03')
  await expectGivenBack(top, 0)
})

test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('%s gives the terminal back', async (signal) => {
  const top = await openTop(await openTestServer())
  await until(top.screen).toContain('xen1')
  process.kill(top.pid(), signal)
  await expectGivenBack(top, 0)
})

test('what is wrong from the beginning is a line, and the terminal is not touched', async () => {
  const server = await openTestServer()
  const top = await openTop(server, '--interval 0')
  await top.ended
  expect(top.text()).toContain('--interval takes 1 to 3600 seconds, not 0')
  expect(top.text()).not.toContain(enter)
})
