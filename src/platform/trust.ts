import type { X509Certificate } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, getCACertificates, type TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'
import type { Digest } from '../contract/digest.ts'
import { AppError } from '../contract/errors.ts'
import { fingerprintOf } from './certificate.ts'

/**
 * Which servers a client believes, beside those that Node or the system vouches for.
 *
 * Decision: a pin is the SHA-256 of a public key, and any certificate that the server presents may have it: its own, or that of the
 * authority above. The certificate that has it is then an authority like any other: OpenSSL checks the chain, the names and the dates.
 * Why: it outlives renewals, whether of a self-signed certificate with its old key or of one by a private authority with a new key;
 * and a server that moves to a public authority does not lose the hosts that have pinned it.
 * Not: the hash of the server's certificate, which every renewal would break, for a whole fleet at once. Not a pin that shuts the
 * known authorities out: a forgotten pin would cut hosts off for good, and what they run is named by its digest anyway. Not a check of
 * our own instead of OpenSSL's: it would have to know all that can be wrong with a certificate.
 */
export interface Trust {
  /** Certificates of authorities, in PEM. */
  ca?: string | undefined
  /** The fingerprint of a key that the server must present; see `fingerprintOf`. */
  fingerprint?: Digest | undefined
}

type Target = Pick<buildConnector.Options, 'hostname' | 'port'>

const timeoutMs = 10_000

/**
 * Opens connections by TLS for undici. Those that Node trusts at once are the quick way; else what the caller trusts is asked, then the
 * system. Nothing is sent to a server before one of them has vouched for it.
 */
export function trustingConnector(trust: Trust): buildConnector.connector {
  const options = { timeout: timeoutMs, allowH2: false }
  let connect = buildConnector(options)

  async function open(target: buildConnector.Options): Promise<Socket> {
    try {
      return await connected(connect, target)
    } catch (error) {
      if (!isCertificateError(error)) throw error
    }
    const chain = await presentedCertificates(target)
    const pinned = chain.find((certificate) => fingerprintOf(certificate) === trust.fingerprint)
    const given = [trust.ca, pinned?.toString()].filter((pem) => pem !== undefined)
    let refused: unknown
    for (const authorities of [() => given, systemAuthorities]) {
      const ca = authorities()
      if (ca.length === 0) continue
      const secureContext = createSecureContext({ ca, allowPartialTrustChain: true })
      const wider = buildConnector({ ...options, secureContext })
      try {
        const socket = await connected(wider, target)
        connect = wider
        return socket
      } catch (error) {
        if (!isCertificateError(error)) throw error
        // What the caller's own authority has against it says more than that nobody else knows it.
        if (!refused || isUnknownIssuer(refused)) refused = error
      }
    }
    throw untrusted(target, refused, chain, trust)
  }

  return (target, callback) => {
    open(target).then(
      (socket) => callback(null, socket),
      (error) => callback(error, null),
    )
  }
}

/**
 * The certificates that a server presents, its own first. The connection is closed before a byte is sent or read: what is not verified
 * here is verified on the connection that is used.
 */
export function presentedCertificates({ hostname, port }: Target): Promise<X509Certificate[]> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connectTls({
      host: hostname,
      port: Number(port) || 443,
      ...(isIP(hostname) ? {} : { servername: hostname }),
      rejectUnauthorized: false,
    })
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer')))
    socket.once('error', reject).once('secureConnect', () => {
      const chain: X509Certificate[] = []
      for (let at = socket.getPeerX509Certificate(); at; at = at.issuerCertificate) chain.push(at)
      socket.destroy()
      resolve(chain)
    })
  })
}

/** Whether nobody who is trusted vouches for the server: a pin or an authority may mend that. */
export function isUnknownIssuer(error: unknown): boolean {
  return unknownIssuer.has((error as NodeJS.ErrnoException).code ?? '')
}

const unknownIssuer: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Whether the server's certificate was refused. Node says so by OpenSSL's names of the reasons, which have no class of their own. */
export function isCertificateError(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return isUnknownIssuer(error) || /^(CERT_|ERR_TLS_CERT_|INVALID_(CA|PURPOSE)|PATH_LENGTH|HOSTNAME_)/.test(code)
}

/** Why a certificate was refused, and which setting mends it: the one that names authorities, or the one with the server's address. */
export function whyRefused(error: unknown, settings: { authority: string; address: string }): string {
  const reason = reasonOf(error)
  if (isUnknownIssuer(error))
    return `${reason}; name a file with the certificate of its authority in ${settings.authority}`
  if ((error as NodeJS.ErrnoException).code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `${reason}; ${settings.address} has to be a name that stands in its certificate`
  return reason
}

/** What Node adds behind the semicolon, for its own users, is no help for ours; and it ends with a colon where a list is empty. */
function reasonOf(error: unknown): string {
  return (error as Error).message.replace(/;.*/s, '').replace(/[:\s]+$/, '')
}

function connected(connect: buildConnector.connector, target: buildConnector.Options): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connect(target, (error, socket) => (error ? reject(error) : resolve(socket as Socket)))
  })
}

/** Those that Node brings along, or was told of, are in no way less than the system's. */
function systemAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
}

function untrusted(
  { hostname, port, protocol }: buildConnector.Options,
  cause: unknown,
  chain: readonly X509Certificate[],
  { fingerprint }: Trust,
): AppError {
  const last = chain.at(-1)
  const shown = last && isUnknownIssuer(cause) ? `, with the fingerprint ${fingerprintOf(last)}` : ''
  const wanted = fingerprint && shown ? `; expected was ${fingerprint}` : ''
  const where = `${protocol}//${hostname.includes(':') ? `[${hostname}]` : hostname}${port ? `:${port}` : ''}`
  return new AppError('peer-untrusted', `${where} is not trusted: ${reasonOf(cause)}${shown}${wanted}`, { cause })
}
