import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import type { Digest } from '../contract/digest.ts'
import { AppError } from '../contract/errors.ts'
import { sha256 } from './digest.ts'

/** The SHA-256 of a certificate's public key (its SubjectPublicKeyInfo in DER), as RFC 7469 pins it: a new certificate for the same key keeps it. */
export function fingerprintOf(certificate: X509Certificate): Digest {
  return sha256(certificate.publicKey.export({ type: 'spki', format: 'der' }))
}

/** The certificates in a PEM text, in its order. @throws AppError config-invalid, naming `what`, when there is none or one is damaged */
export function readCertificates(pem: string, what: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (!blocks)
    throw new AppError('config-invalid', `${what} holds no certificate; PEM is needed ("-----BEGIN CERTIFICATE-----")`)
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block)
    } catch (cause) {
      throw new AppError('config-invalid', `certificate ${at + 1} in ${what} is damaged: ${(cause as Error).message}`, {
        cause,
      })
    }
  })
}

/** Whether `issuer` has signed `certificate`. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

/** Whether a certificate is, or was issued by, one of the authorities that everybody trusts: Mozilla's, which Node brings along. */
export function isPublic(certificate: X509Certificate): boolean {
  return rootCertificates
    .map((pem) => new X509Certificate(pem))
    .some((root) => root.fingerprint256 === certificate.fingerprint256 || isIssuedBy(certificate, root))
}
