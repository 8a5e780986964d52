import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { AppError } from '../contract/errors.ts'
import { isIssuedBy, readCertificates } from './certificate.ts'

/** Where a server's certificate, with those of its authorities behind it, and its private key are; both in PEM. */
export interface TlsFiles {
  cert: string
  key: string
}

/** What a server proves with who it is. */
export interface TlsPair {
  /** The PEM texts. */
  cert: string
  key: string
  /** The server's own certificate first. */
  chain: readonly [X509Certificate, ...X509Certificate[]]
}

/**
 * Reads a certificate and its key and checks that they can be used together. Whether the certificate has expired is not asked: to serve
 * with it is better than not to serve.
 * @throws AppError config-invalid, naming the file
 */
export async function readTlsPair(files: TlsFiles): Promise<TlsPair> {
  const cert = await read(files.cert, 'certificate')
  const key = await read(files.key, 'private key')
  const chain = readCertificates(cert, files.cert) as [X509Certificate, ...X509Certificate[]]
  await refusePublicKeyFile(files.key)
  if (!chain[0].checkPrivateKey(readKey(key, files.key)))
    throw new AppError(
      'config-invalid',
      `the private key ${files.key} is not that of the first certificate in ${files.cert}; both must be of one pair`,
    )
  try {
    createSecureContext({ cert, key })
  } catch (cause) {
    throw new AppError(
      'config-invalid',
      `${files.cert} with ${files.key} cannot be used for TLS: ${(cause as Error).message}`,
      { cause },
    )
  }
  return { cert, key, chain }
}

/** The moment from which clients refuse the first of these certificates. */
export function expiryOf(chain: readonly X509Certificate[]): Date {
  return new Date(Math.min(...chain.map(({ validToDate }) => validToDate.getTime())))
}

/** The self-signed certificate at the end of a chain, each of which the next has signed; undefined when there is none. */
export function anchorOf(chain: readonly X509Certificate[]): X509Certificate | undefined {
  const last = chain.at(-1)
  const linked = chain.every((certificate, at) => isIssuedBy(certificate, chain[at + 1] ?? certificate))
  return linked ? last : undefined
}

async function read(path: string, what: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause) => {
    throw new AppError('config-invalid', `cannot read the ${what} ${path}: ${cause.message}`, { cause })
  })
}

/**
 * Refused, not only warned of: whoever has read the key can play the server to every host, and hosts run as root what the server names.
 * A group may read it: that is how a key is shared with the user of a service.
 */
async function refusePublicKeyFile(path: string): Promise<void> {
  const { mode } = await stat(path)
  if (mode & 0o006)
    throw new AppError(
      'config-invalid',
      `everybody on this machine may ${mode & 0o002 ? 'change' : 'read'} the private key ${path} (mode ${(mode & 0o777).toString(8)}); run: chmod o= ${path}`,
    )
}

function readKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    const reason = pem.includes('ENCRYPTED')
      ? 'it is encrypted, and nobody is there to type its passphrase'
      : `no private key in PEM is in it (${(cause as Error).message})`
    throw new AppError('config-invalid', `cannot use the private key ${path}: ${reason}`, { cause })
  }
}
