import { expect, test } from 'vitest'
import { ComponentFile } from '../../src/contract/component.ts'
import { parse } from '../../src/contract/parse.ts'
import { releaseSetText } from '../../src/contract/release-set.ts'

const sound = {
  name: 'compute',
  platform: { os: 'freebsd', architecture: '*', 'os.version': '*' },
  requires: { rc: '>=1.0.0' },
  services: ['slipway_compute'],
  links: [{ path: '/usr/local/etc/rc.d/slipway_compute', target: 'rc.d/slipway_compute' }],
  health: [
    { name: 'answers', kind: 'http', socket: 'compute.sock', path: '/healthz' },
    { name: 'service', kind: 'service', service: 'slipway_compute', timeoutSeconds: 5 },
    { name: 'own', kind: 'command', program: 'bin/check', arguments: ['--deep'] },
  ],
  configuration: ['compute.yaml'],
}

test('a sound component.json is taken', () => {
  expect(parse(ComponentFile, sound, 'component.json')).toBe(sound)
})

const link = (path: string, target = 'x') => ({ links: [{ path, target }] })

test.each([
  ['an unknown operating system', { platform: { ...sound.platform, os: 'linux' } }, 'platform.os'],
  ['an unknown key', { servces: [] }, 'servces is not a known key'],
  ['a version', { version: '1.0.0' }, 'version is not a known key'],
  ['a link to a file of the system', link('/etc/passwd'), 'links.0.path'],
  ['a link out of its folder', link('/usr/local/etc/rc.d/../../../../etc/passwd'), 'links.0.path'],
  ['a link into a subfolder', link('/usr/local/etc/rc.d/a/b'), 'links.0.path'],
  ['a link to a hidden file', link('/usr/local/etc/rc.d/.x'), 'links.0.path'],
  ['a target outside of the release', link('/usr/local/etc/rc.d/x', '../../etc/passwd'), 'links.0.target'],
  ['an absolute target', link('/usr/local/etc/rc.d/x', '/etc/passwd'), 'links.0.target'],
  ['a configuration file outside', { configuration: ['../agent.yaml'] }, 'configuration.0'],
  ['a service that is an option', { services: ['-R'] }, 'services.0'],
  ['a socket elsewhere', { health: [{ name: 'x', kind: 'http', socket: '../x.sock', path: '/' }] }, 'health.0'],
  ['a check of another kind', { health: [{ name: 'x', kind: 'tcp', port: 1 }] }, 'health.0'],
  ['a program outside', { health: [{ name: 'x', kind: 'command', program: '/bin/sh' }] }, 'health.0'],
])('%s is refused, and named', (_, change, said) => {
  const refused = () => parse(ComponentFile, { ...sound, ...change }, 'component.json')
  expect(refused).toThrow(expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining(said) }))
})

test('a release set has the same text in whatever order its components come', () => {
  const a = { name: 'agent', version: '1.0.0', digest: `sha256:${'a'.repeat(64)}` } as const
  const b = { name: 'rc', version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` } as const
  const text = `agent@1.0.0 sha256:${'a'.repeat(64)}\nrc@1.1.0 sha256:${'b'.repeat(64)}\n`
  expect(releaseSetText([a, b])).toBe(text)
  expect(releaseSetText([b, a])).toBe(text)
})
