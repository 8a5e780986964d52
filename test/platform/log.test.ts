import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** Logs in a process of its own, because the log goes to its stderr. */
function logged(level: string, statement: string): Record<string, unknown>[] {
  const module = join(import.meta.dirname, '../../src/platform/log.ts')
  const code = `import { openLog } from ${JSON.stringify(module)}\nconst log = openLog('agent', '${level}')\n${statement}`
  const script = ['-c', '"$0" --input-type=module -e "$1" 2>&1 >/dev/null', process.execPath, code]
  const text = execFileSync('/bin/sh', script, { encoding: 'utf8' })
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

test('a line is JSON on stderr, with program, time and fields', () => {
  expect(logged('info', "log.info({ host: 'a' }, 'host enrolled')")).toEqual([
    expect.objectContaining({
      name: 'agent',
      host: 'a',
      msg: 'host enrolled',
      pid: expect.any(Number),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    }),
  ])
})

test('what is below the level is not written', () => {
  expect(logged('warn', "log.info('no'); log.warn('yes')").map(({ msg }) => msg)).toEqual(['yes'])
})

test('secrets are not written, also one object deep', () => {
  const secrets =
    "{ token: 's3cret', key: 's3cret', headers: { authorization: 's3cret' }, request: { headers: { authorization: 's3cret' }, token: 's3cret' } }"
  const [line] = logged('info', `log.info(${secrets}, 'request')`)
  expect(JSON.stringify(line)).not.toContain('s3cret')
  expect(JSON.stringify(line).match(/\[secret\]/g)).toHaveLength(5)
})
