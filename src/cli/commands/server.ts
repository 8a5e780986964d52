import { ServerConfig } from '../../contract/server-config.ts'
import { loadConfig } from '../../platform/config.ts'
import { aborted, packageVersion, stopSignal } from '../../platform/program.ts'
import { openServer } from '../../server/server.ts'
import type { Command, Invocation, Option } from '../command.ts'
import { printJson } from '../print.ts'

/** The options that say which server is meant; `backup` and `restore` take them too. */
export const serverOptions: Readonly<Record<string, Option>> = {
  config: { value: 'FILE', describe: 'a YAML file with the keys of the configuration' },
  data: { value: 'DIR', describe: 'the data folder (SLIPWAY_DATA, ./.slipway)' },
  'log-level': { value: 'LEVEL', describe: 'debug, info, warn, error or silent (SLIPWAY_LOG_LEVEL, info)' },
}

/** File, environment, flags. */
export function readServerConfig(
  invocation: Invocation,
  more: Record<string, unknown> = {},
): Promise<Readonly<ServerConfig>> {
  return loadConfig(ServerConfig, {
    file: invocation.text('config'),
    environment: { variables: process.env, prefix: 'SLIPWAY_' },
    flags: { data: invocation.text('data'), logLevel: invocation.text('log-level'), ...more },
  })
}

export const command: Command = {
  usage: '[--config FILE] [--listen ADDRESS] [--tls-cert FILE --tls-key FILE] [--data DIR]',
  about:
    'Serves the registry, the control API and the page until it is told to stop (SIGTERM, Ctrl-C). Beyond loopback it listens with TLS only,\n' +
    'of its own or of a proxy. New files of TLS are taken while it runs, as soon as they are there, or at SIGHUP.',
  examples: [
    'slipway server',
    'slipway server --listen 0.0.0.0:8443 --tls-cert fullchain.pem --tls-key privkey.pem --public-url https://slipway.example.org:8443',
    'SLIPWAY_DATA=/var/db/slipway-server slipway server --listen 0.0.0.0:8400 --behind-proxy --public-url https://slipway.example.org',
  ],
  options: {
    ...serverOptions,
    listen: { value: 'ADDRESS', describe: 'address and port (SLIPWAY_LISTEN, 127.0.0.1:8400)' },
    'tls-cert': { value: 'FILE', describe: 'the certificate and those of its authorities, PEM (SLIPWAY_TLS_CERT)' },
    'tls-key': { value: 'FILE', describe: 'its private key, PEM (SLIPWAY_TLS_KEY)' },
    'behind-proxy': { describe: 'a proxy in front terminates TLS (SLIPWAY_BEHIND_PROXY)' },
    'public-url': { value: 'URL', describe: 'the address that hosts and people use (SLIPWAY_PUBLIC_URL)' },
    'print-config': { describe: 'show the configuration that would be used, and end' },
  },
  words: [0, 0],
  async run(invocation) {
    const signal = stopSignal()
    const config = await readServerConfig(invocation, {
      listen: invocation.text('listen'),
      tlsCert: invocation.text('tls-cert'),
      tlsKey: invocation.text('tls-key'),
      behindProxy: invocation.is('behind-proxy') || undefined,
      publicUrl: invocation.text('public-url'),
    })
    if (invocation.is('print-config')) {
      printJson(config)
      return 0
    }
    const server = await openServer(config, await packageVersion(import.meta.dirname))
    await aborted(signal)
    await server.close()
    return 0
  },
}
