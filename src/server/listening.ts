import { isIP } from 'node:net'
import { AppError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/server-config.ts'
import { joinAddress, splitAddress } from '../platform/serve.ts'
import type { TlsFiles } from '../platform/tls-pair.ts'

type Settings = Pick<
  ServerConfig,
  'listen' | 'tlsCert' | 'tlsKey' | 'behindProxy' | 'trustedProxies' | 'publicUrl' | 'database' | 'replicaUrl'
>

/**
 * The files for TLS, when the server is to speak it itself. A server that others can reach speaks TLS, or somebody says that a proxy
 * does: tokens go over this connection, and what it says is run by root.
 * @throws AppError config-invalid
 */
export function tlsFilesOf(config: Readonly<Settings>): TlsFiles | undefined {
  const { listen, tlsCert: cert, tlsKey: key, behindProxy, publicUrl } = config
  if (cert === undefined && key === undefined) {
    if (!isLoopback(splitAddress(listen).host) && !behindProxy)
      throw new AppError(
        'config-invalid',
        `listen is ${listen}, which others can reach, without TLS: set tlsCert and tlsKey, or behindProxy when a proxy in front terminates TLS`,
      )
    return undefined
  }
  if (cert === undefined || key === undefined)
    throw new AppError(
      'config-invalid',
      cert === undefined
        ? `tlsKey is ${key}, but tlsCert is not set; TLS needs both`
        : `tlsCert is ${cert}, but tlsKey is not set; TLS needs both`,
    )
  if (publicUrl?.startsWith('http:') && !behindProxy)
    throw new AppError(
      'config-invalid',
      `publicUrl is ${publicUrl}, but the server speaks TLS: it must begin with https://`,
    )
  return { cert, key }
}

/** Whom to ask who the client is, for Fastify: nobody, or the proxies in front. @throws AppError config-invalid */
export function trustedProxiesOf({ behindProxy, trustedProxies }: Readonly<Settings>): string[] | false {
  if (!behindProxy) return false
  const proxies = trustedProxies.split(',')
  const wrong = proxies.find((proxy) => !isNetwork(proxy))
  if (wrong !== undefined)
    throw new AppError(
      'config-invalid',
      `trustedProxies names ${JSON.stringify(wrong)}, which is no address, no network and not one of ${networkNames.join(', ')}`,
    )
  return proxies
}

/** What is unwise about where the server listens, though it works; one sentence each. */
export function listeningAdvice(config: Readonly<Settings>): string[] {
  const { behindProxy, publicUrl, database, replicaUrl } = config
  const advice: string[] = []
  if (behindProxy && !publicUrl?.startsWith('https:'))
    advice.push('behind a proxy, publicUrl should be the address of the proxy, with https://')
  else if (publicUrl === undefined && isEveryAddress(config.listen))
    advice.push('publicUrl is not set, and no host can reach the address that listen names')
  if (database === 'postgres' && replicaUrl === undefined && isEveryAddress(config.listen))
    advice.push(
      'replicaUrl is not set, and no other server can reach the address that listen names: with several servers, a console works only when the person and the host come to the same one',
    )
  return advice
}

/** Where other servers of the same database reach this one, which listens at `url`; undefined when that is every address. */
export function replicaUrlOf({ replicaUrl, listen }: Readonly<Settings>, url: string): string | undefined {
  return replicaUrl ?? (isEveryAddress(listen) ? undefined : url)
}

const networkNames = ['loopback', 'linklocal', 'uniquelocal']

function isNetwork(text: string): boolean {
  const [address = '', bits = '0', ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0) return networkNames.includes(text)
  return more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
}

/** However its zeros are written. */
function isEveryAddress(listen: string): boolean {
  const { host, port } = splitAddress(listen)
  return ['0.0.0.0', '[::]'].includes(new URL(`http://${joinAddress(host, port)}`).hostname)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
