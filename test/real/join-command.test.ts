import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openSimulatedHost } from '../../src/devstack/host.ts'
import { fingerprintOf } from '../../src/platform/certificate.ts'
import { openExec } from '../../src/platform/exec.ts'
import { toolPaths } from '../../src/platform/tools.ts'
import { joinCommand } from '../../src/server/api/join-command.ts'
import { startEnrolServer } from '../deploy/enrol-server.ts'
import { makeCertificate } from '../support/certificate.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const authority = makeCertificate({ name: 'authority', ca: true })
const leaf = makeCertificate({ issuer: authority })
const self = makeCertificate()
const fingerprint = (pem: string) => fingerprintOf(new X509Certificate(pem))

/** Runs the line for root with a server's certificate and a pin, by openssl itself and the fetch of a simulated host. */
async function run(cert: string, key: string, pin: string) {
  const folder = await temporaryFolder()
  const server = await startEnrolServer(join(folder, 'server'), { cert, key })
  onTestFinished(() => server.close())
  const host = await openSimulatedHost({ folder: join(folder, 'host'), name: 'host1' })
  onTestFinished(() => host.stop())
  server.instead = (route, response) => {
    if (route === 'GET /install.sh') response.end('echo "install.sh ran with $1"\n')
    return true
  }
  const token = { secret: 'slj_x', agentDigest: fingerprint(leaf.cert), url: server.url, fingerprint: fingerprint(pin) }
  const line = `PATH=${host.root}/usr/bin:$PATH; ${joinCommand(token)}`
  const said = await openExec(toolPaths('/'))(['/bin/sh', '-c', line], { timeoutMs: 60_000 })
  return { ...said, url: server.url, asked: server.asked }
}

test.each([
  ['of an authority', leaf.cert + authority.cert, leaf.key, authority.cert],
  ['that is self-signed', self.cert, self.key, self.cert],
])('the line for root runs install.sh of a server with a certificate %s that is pinned', async (_, cert, key, pin) => {
  const { exitCode, stdout } = await run(cert, key, pin)
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^install\.sh ran with slj_x@sha256:/),
  })
})

test.each([
  ['has another key', self.cert, 'is not the server of this token'],
  ['shows the pinned certificate, and does not have its key', self.cert + authority.cert, 'is not trusted'],
])('it runs nothing of a server that %s', async (_, cert, says) => {
  const { stdout, stderr, asked } = await run(cert, self.key, authority.cert)
  expect({ stdout, asked }).toEqual({ stdout: '', asked: [] })
  expect(stderr).toContain(says)
})
