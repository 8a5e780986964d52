import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fetch } from '../../src/devstack/tools/fetch.ts'
import { freebsdVersion } from '../../src/devstack/tools/freebsd-version.ts'
import { sha256 } from '../../src/devstack/tools/sha256.ts'
import { sysctl } from '../../src/devstack/tools/sysctl.ts'
import { tar } from '../../src/devstack/tools/tar.ts'
import { uname } from '../../src/devstack/tools/uname.ts'
import { zfs } from '../../src/devstack/tools/zfs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { machineTool, printed } from './machine.ts'

describe('uname and freebsd-version', () => {
  test.each([
    { words: [], stdout: 'FreeBSD\n' },
    { words: ['-m'], stdout: 'amd64\n' },
    { words: ['-p'], stdout: 'amd64\n' },
    { words: ['-n'], stdout: 'host1\n' },
    { words: ['-mr'], stdout: '14.3-RELEASE-p5 amd64\n' },
    { words: ['-r', '-s'], stdout: 'FreeBSD 14.3-RELEASE-p5\n' },
    { words: ['-U'], stdout: '1403000\n' },
    { words: ['-a'], stdout: 'FreeBSD host1 14.3-RELEASE-p5 FreeBSD 14.3-RELEASE-p5 GENERIC amd64\n' },
  ])('uname $words', async ({ words, stdout }) => {
    expect(await machineTool(uname)(...words)).toEqual(printed(stdout))
  })

  test('on arm64 the machine and the processor have different names', async () => {
    const call = machineTool(uname, '/nowhere', { architecture: 'arm64' })
    expect(await call('-mp')).toEqual(printed('arm64 aarch64\n'))
  })

  test('an unknown flag of uname is exit 1 with the usage', async () => {
    expect(await machineTool(uname)('-x')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'uname: illegal option -- x\nusage: uname [-abiKmnoprsUv]\n',
    })
  })

  test('freebsd-version says one line, or one for each flag', async () => {
    const call = machineTool(freebsdVersion)
    expect(await call()).toEqual(printed('14.3-RELEASE-p5\n'))
    expect(await call('-ku')).toEqual(printed('14.3-RELEASE-p5\n14.3-RELEASE-p5\n'))
    expect(await call('-z')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^freebsd-version: illegal option/),
    })
  })
})

describe('sysctl', () => {
  test.each([
    { words: ['kern.ostype'], stdout: 'kern.ostype: FreeBSD\n' },
    { words: ['-n', 'kern.osreldate'], stdout: '1403000\n' },
    { words: ['-e', 'kern.vm_guest'], stdout: 'kern.vm_guest=xen\n' },
    { words: ['-n', 'hw.ncpu', 'kern.hostname'], stdout: '4\nhost1\n' },
    { words: ['-n', 'kern.boottime'], stdout: '{ sec = 1767323045, usec = 0 } Fri, 02 Jan 2026 03:04:05 GMT\n' },
    { words: ['-i', 'no.such.name'], stdout: '' },
  ])('sysctl $words', async ({ words, stdout }) => {
    expect(await machineTool(sysctl)(...words)).toEqual(printed(stdout))
  })

  test('an unknown name is told on stderr with exit 1, and the others are still answered', async () => {
    expect(await machineTool(sysctl)('-n', 'no.such.name', 'kern.ostype')).toEqual({
      exitCode: 1,
      stdout: 'FreeBSD\n',
      stderr: "sysctl: unknown oid 'no.such.name'\n",
    })
  })

  test('a name that can be set keeps its value; another one is read only', async () => {
    const call = machineTool(sysctl)
    expect(await call('net.inet.ip.forwarding=1')).toEqual(printed('net.inet.ip.forwarding: 0 -> 1\n'))
    expect(await call('-n', 'net.inet.ip.forwarding')).toEqual(printed('1\n'))
    expect(await call('kern.ostype=Plan9')).toMatchObject({
      exitCode: 1,
      stderr: "sysctl: oid 'kern.ostype' is read only\n",
    })
  })

  test('FreeBSD 15 has names that 14 has not', async () => {
    expect(await machineTool(sysctl)('-n', 'security.jail.param.meta')).toMatchObject({ exitCode: 1 })
    const newer = machineTool(sysctl, '/nowhere', { release: '15.1-RELEASE-p1' })
    expect(await newer('-n', 'security.jail.param.meta')).toMatchObject({ exitCode: 0 })
  })
})

describe('zfs', () => {
  test('zfs version says userland and kernel module', async () => {
    expect(await machineTool(zfs)('version')).toEqual(
      printed('zfs-2.2.7-FreeBSD_ge269af1b3\nzfs-kmod-2.2.7-FreeBSD_ge269af1b3\n'),
    )
  })

  test('JSON is there on FreeBSD 15 and a usage error on 14', async () => {
    expect(await machineTool(zfs)('version', '-j')).toMatchObject({ exitCode: 2 })
    const newer = machineTool(zfs, '/nowhere', { release: '15.1-RELEASE', zfs: '2.4.2' })
    const { stdout } = await newer('version', '-j')
    expect(JSON.parse(stdout).zfs_version).toEqual({ userland: 'zfs-2.4.2', kernel: 'zfs-kmod-2.4.2' })
  })

  test('a list with -Hp is separated by tabs, with exact bytes', async () => {
    const { stdout } = await machineTool(zfs)('list', '-Hp', '-o', 'name,used,mountpoint', '-r', 'zroot/ROOT')
    expect(stdout).toBe('zroot/ROOT\t2147581952\tnone\nzroot/ROOT/default\t2147483648\t/\n')
  })

  test('a list for people has a heading and aligned columns', async () => {
    const { stdout } = await machineTool(zfs)('list', 'zroot/var')
    expect(stdout).toBe('NAME        USED  AVAIL     REFER  MOUNTPOINT\nzroot/var     1G  59.0G        1G  /var\n')
  })

  test.each([
    { words: ['list', 'tank'], exitCode: 1, stderr: "cannot open 'tank': dataset does not exist\n" },
    { words: ['list', '-t', 'volume'], exitCode: 0, stderr: 'no datasets available\n' },
    { words: ['list', '-o', 'nope'], exitCode: 2, stderr: /^bad property list: invalid property 'nope'\n/ },
    { words: ['frobnicate'], exitCode: 2, stderr: /^unrecognized command 'frobnicate'\n/ },
    { words: [], exitCode: 2, stderr: /^missing command\n/ },
  ])('zfs $words is exit $exitCode', async ({ words, exitCode, stderr }) => {
    expect(await machineTool(zfs)(...words)).toEqual({ exitCode, stdout: '', stderr: expect.stringMatching(stderr) })
  })

  test('on a machine without ZFS every command fails', async () => {
    const call = machineTool(zfs, '/nowhere', { zfs: null })
    expect(await call('version')).toMatchObject({ exitCode: 1, stderr: 'Failed to initialize the libzfs library.\n' })
  })
})

describe('sha256, tar and fetch', () => {
  test('sha256 says the digest of a file, alone with -q', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'a'), 'abc')
    const call = machineTool(sha256, folder)
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(await call('-q', 'a')).toEqual(printed(`${digest}\n`))
    expect(await call(join(folder, 'a'))).toEqual(printed(`SHA256 (${folder}/a) = ${digest}\n`))
    expect(await call('-q', 'none')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'sha256: none: No such file or directory\n',
    })
  })

  test('tar refuses what is no archive, and leaves nothing', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'a'), 'no archive')
    expect(await machineTool(tar, folder)('-xf', 'a', '-C', folder)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^tar: Error opening archive: /),
    })
    expect(await machineTool(tar, folder)('-tf', 'a')).toMatchObject({ exitCode: 1 })
  })

  test('fetch prints a file or writes it, and says why it could not', async () => {
    const folder = await temporaryFolder()
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/file' ? 200 : 404).end('content')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const call = machineTool(fetch, folder)
    expect(await call('-o', '-', `${url}/file`)).toEqual(printed('content'))
    expect(await call('-q', `${url}/file`)).toEqual(printed(''))
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('content')
    expect(await call(`${url}/other`)).toMatchObject({ exitCode: 1, stderr: `fetch: ${url}/other: Not Found\n` })
    expect(await call('http://127.0.0.1:1/x')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^fetch: http:\/\/127\.0\.0\.1:1\/x: /),
    })
  })
})
