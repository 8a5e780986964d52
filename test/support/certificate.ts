import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate and its key, in PEM, and what is needed to issue others with it. */
export interface TestCertificate {
  cert: string
  key: string
  name: string
}

export interface CertificateOptions {
  /** The subject's common name. */
  name?: string
  /** DNS names and IPv4 addresses that it is for. */
  hosts?: readonly string[]
  /** Who signs it; nobody: it signs itself. */
  issuer?: TestCertificate
  /** It may sign others. */
  ca?: boolean
  /** A key to use again, in PEM; a new one otherwise. */
  key?: string
  validFrom?: Date
  validTo?: Date
}

const day = 86_400_000

/** Makes an X.509 certificate (RFC 5280) for a P-256 key. Node reads certificates but makes none. */
export function makeCertificate(options: CertificateOptions = {}): TestCertificate {
  const { name = 'test', hosts = ['localhost', '127.0.0.1'], ca = false, issuer } = options
  const own = options.key
    ? createPrivateKey(options.key)
    : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const key = own.export({ type: 'pkcs8', format: 'pem' }).toString()
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    commonName(issuer?.name ?? name),
    sequence(
      time(options.validFrom ?? new Date(Date.now() - day)),
      time(options.validTo ?? new Date(Date.now() + day)),
    ),
    commonName(name),
    publicKey(own),
    explicit(3, sequence(basicConstraints(ca), ...(ca ? [] : [alternativeNames(hosts)]))),
  )
  const signature = sign('sha256', toBeSigned, issuer ? createPrivateKey(issuer.key) : own)
  const der = sequence(toBeSigned, ecdsaWithSha256, element(0x03, Buffer.from([0]), signature))
  const lines = der.toString('base64').replaceAll(/.{1,64}/g, '$&\n')
  return { cert: `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`, key, name }
}

/** An element of DER: its tag, its length, its content. */
function element(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

const sequence = (...content: Buffer[]) => element(0x30, ...content)
const explicit = (tag: number, content: Buffer) => element(0xa0 + tag, content)
const integer = (bytes: Buffer) => element(0x02, bytes)
const octets = (bytes: Buffer) => element(0x04, bytes)
const identifier = (hex: string) => element(0x06, Buffer.from(hex, 'hex'))
const yes = element(0x01, Buffer.from([0xff]))

const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'))

function commonName(name: string): Buffer {
  return sequence(element(0x31, sequence(identifier('550403'), element(0x0c, Buffer.from(name)))))
}

function time(date: Date): Buffer {
  // RFC 5280 4.1.2.5: years from 2050 on are a GeneralizedTime, those before a UTCTime.
  const digits = `${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`
  return date.getUTCFullYear() < 2050 ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits))
}

function publicKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const point = Buffer.concat([Buffer.from([0, 4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  return sequence(sequence(identifier('2a8648ce3d0201'), identifier('2a8648ce3d030107')), element(0x03, point))
}

function basicConstraints(ca: boolean): Buffer {
  return sequence(identifier('551d13'), yes, octets(ca ? sequence(yes) : sequence()))
}

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIP(host) ? element(0x87, Buffer.from(host.split('.').map(Number))) : element(0x82, Buffer.from(host)),
  )
  return sequence(identifier('551d11'), octets(sequence(...names)))
}
