import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sysrc } from '../../src/devstack/tools/sysrc.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { machineTool, printed } from './machine.ts'

async function machine(rcConf: string) {
  const root = await temporaryFolder()
  await mkdir(join(root, 'etc/defaults'), { recursive: true })
  await writeFile(join(root, 'etc/defaults/rc.conf'), 'hostname=""\nsshd_enable="NO"\n')
  await writeFile(join(root, 'etc/rc.conf'), rcConf)
  return {
    root,
    sysrc: machineTool(sysrc, root),
    rcConf: () => readFile(join(root, 'etc/rc.conf'), 'utf8'),
  }
}

test.each([
  { name: 'a variable', words: ['hostname'], stdout: 'hostname: host1\n' },
  { name: 'its value alone', words: ['-n', 'hostname'], stdout: 'host1\n' },
  { name: 'a default', words: ['-n', 'sshd_enable'], stdout: 'NO\n' },
  { name: 'a value in single quotes', words: ['-n', 'single'], stdout: 'a b\n' },
  { name: 'a bare value', words: ['-n', 'bare'], stdout: 'YES\n' },
  { name: 'the last of several assignments', words: ['-n', 'twice'], stdout: 'second\n' },
  { name: 'nothing of an unknown variable with -i', words: ['-i', 'unknown'], stdout: '' },
  { name: 'exit 0 when -c finds the value', words: ['-c', 'hostname=host1'], stdout: '' },
])('sysrc answers $name', async ({ words, stdout }) => {
  const text = 'hostname="host1"\nsingle=\'a b\'\nbare=YES # a comment\ntwice="first"\ntwice="second"\n'
  const { sysrc, rcConf } = await machine(text)
  expect(await sysrc(...words)).toEqual(printed(stdout))
  expect(await rcConf()).toBe(text)
})

test('an unknown variable is exit 1, with the others answered', async () => {
  const { sysrc } = await machine('hostname="host1"\n')
  expect(await sysrc('unknown', 'hostname')).toEqual({
    exitCode: 1,
    stdout: 'hostname: host1\n',
    stderr: "sysrc: unknown variable 'unknown'\n",
  })
})

test('setting changes the last assignment, keeps comments, and says the old value', async () => {
  const { sysrc, rcConf } = await machine('# ours\na_enable="NO"\na_enable=NO # why\n')
  expect(await sysrc('a_enable=YES')).toEqual(printed('a_enable: NO -> YES\n'))
  expect(await rcConf()).toBe('# ours\na_enable="NO"\na_enable="YES" # why\n')
})

test('setting a new variable adds a line, also after one without an end', async () => {
  const { sysrc, rcConf } = await machine('hostname="host1"')
  expect(await sysrc('b=x y')).toEqual(printed('b:  -> x y\n'))
  expect(await rcConf()).toBe('hostname="host1"\nb="x y"\n')
})

test('-c says by exit 1 that a value differs, and changes nothing', async () => {
  const { sysrc, rcConf } = await machine('a="1"\n')
  expect(await sysrc('-c', 'a=2')).toEqual({ exitCode: 1, stdout: '', stderr: '' })
  expect(await rcConf()).toBe('a="1"\n')
})

test('lists take and lose items, nothing twice', async () => {
  const { sysrc, rcConf } = await machine('cloned_interfaces="bridge0"\n')
  await sysrc('cloned_interfaces+=bridge1')
  await sysrc('cloned_interfaces+=bridge1')
  expect(await rcConf()).toBe('cloned_interfaces="bridge0 bridge1"\n')
  expect(await sysrc('cloned_interfaces-=bridge0')).toEqual(printed('cloned_interfaces: bridge0 bridge1 -> bridge1\n'))
})

test('-x deletes a variable, -f names another file', async () => {
  const { sysrc, root, rcConf } = await machine('a="1"\nb="2"\n')
  await sysrc('-x', 'a')
  expect(await rcConf()).toBe('b="2"\n')
  await writeFile(join(root, 'loader.conf'), 'xen_kernel="/boot/xen"\n')
  expect(await sysrc('-f', 'loader.conf', '-n', 'xen_kernel')).toEqual(printed('/boot/xen\n'))
})

test('an unknown flag, and no name, are exit 1 with the usage', async () => {
  const { sysrc } = await machine('')
  expect(await sysrc('-Z', 'a')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^sysrc: illegal option -- Z\nusage/),
  })
  expect(await sysrc()).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^usage: sysrc/) })
})
