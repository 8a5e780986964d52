import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'

const script = join(import.meta.dirname, '../../deploy/rc.d/slipway_guests')

const ours = [
  '4c5c0b75-d027-477a-90c2-7e1510222b90',
  'f3435bd9-60bd-4d73-9a0b-86f756cef8ae',
  'edb6cfcb-54cb-428e-a09a-8038916ea2a3',
]
const foreign = 'a6958fae-1452-422f-8fb9-4574c3057d7f'

/** A stand-in for xl, in whose folder a file `<domid>` holds what a domain is; it notes what it was asked. */
const xl = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$*" >> asked
case "$1" in
list)
	echo 'Name                                        ID   Mem VCPUs	State	Time(s)   UUID                            Reason-Code	Security Label'
	for file in [0-9]*; do cat "$file"; done ;;
shutdown)
	for last; do :; done
	[ -e "deaf-$last" ] && exit 0
	[ -e "buttonless-$last" ] && [ "$2" != -F ] && exit 1
	sed 's/-b----/---s--/' "$last" > new && mv new "$last" ;;
destroy) rm "$2" ;;
esac
`

async function host() {
  const folder = await temporaryFolder()
  const tools = join(folder, 'tools')
  const instances = join(folder, 'instances')
  await mkdir(tools)
  for (const id of ours) await mkdir(join(instances, id), { recursive: true })
  await writeFile(join(tools, 'xl'), xl, { mode: 0o755 })
  const rows = [...ours, foreign].map((id, at) => ({ domid: at + 1, id }))
  for (const { domid, id } of rows)
    await writeFile(
      join(tools, String(domid)),
      `shop.web-${domid}                                   ${domid}   160     1     -b----      32.9 ${id}        -                -\n`,
    )
  const subr = `load_rc_config() { :; }\nrun_rc_command() { case "$1" in stop) $stop_cmd ;; status) $status_cmd ;; start) $start_cmd ;; esac; }\n`
  await writeFile(join(folder, 'rc.subr'), subr)
  const text = (await readFile(script, 'utf8')).replace('/etc/rc.subr', join(folder, 'rc.subr'))
  await writeFile(join(folder, 'script'), text)
  const run = (word: string) =>
    execFileSync('/bin/sh', [join(folder, 'script'), word], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        PATH: '/usr/bin:/bin',
        slipway_guests_xl: join(tools, 'xl'),
        slipway_guests_instances: instances,
        slipway_guests_timeout: '1',
      },
    })
  const asked = async () =>
    (await readFile(join(tools, 'asked'), 'utf8')).split('\n').filter((line) => !/^list|^$/.test(line))
  return { run, asked, put: (name: string) => writeFile(join(tools, name), '') }
}

test('when the host goes down, our instances are asked first, all of them, and then cut off; guests of others are not touched', async () => {
  const { run, asked, put } = await host()
  await put('deaf-2')
  await put('buttonless-3')
  expect(run('status')).toBe('slipway_guests: 3 instances run.\n')
  run('stop')
  const words = await asked()
  expect(words.filter((line) => line.startsWith('shutdown'))).toEqual([
    'shutdown 1',
    'shutdown 2',
    'shutdown 3',
    'shutdown -F 3',
  ])
  expect(words.slice(-3)).toEqual(['destroy 1', 'destroy 2', 'destroy 3'])
  expect(run('status')).toBe('slipway_guests: 0 instances run.\n')
})

test('starting it does nothing', async () => {
  const { run } = await host()
  expect(run('start')).toBe('')
})
