import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { optionValue } from '../tools/getopt.ts'
import { Refused } from '../tools/refused.ts'
import { prints, type Said } from '../tools/said.ts'
import { configJson } from '../xen/config-json.ts'
import { ConfigSyntaxError, parseXlConfig } from '../xen/config-parser.ts'
import { type DomainConfig, domainConfig } from '../xen/domain-config.ts'
import { libxlJson } from '../xen/json-text.ts'
import { options, type XlCall, type XlCommand } from './command.ts'

/** `xl create [-enpqF] [-f FILE] FILE [key=value…]`: the configuration is told on stderr, the domain nowhere. */
export const create: XlCommand = async (call) => {
  const given = options(call, 'cdeFf:hnpqVA', 0)
  const file = optionValue(given, 'f') ?? given.words[0]
  if (file === undefined) throw new Refused(2, "'xl create' requires at least 1 argument.", '', "See 'xl help create'.")
  const extra = optionValue(given, 'f') === undefined ? given.words.slice(1) : given.words
  const announced = given.flags.has('q') ? '' : `Parsing config from ${file}\n`
  const config = await readConfig(call, file, extra, announced)
  if (given.flags.has('n') || call.dryRun) return { ...prints(libxlJson(configJson(config))), stderr: announced }

  const { hypervisor } = call.machine
  try {
    const domain = await hypervisor.create(config, {
      paused: given.flags.has('p'),
      monitored: !given.flags.has('e'),
      signal: call.signal,
    })
    // In the foreground it is the monitor itself, and ends with its domain.
    if (given.flags.has('F')) await Promise.race([domain.gone.promise, aborted(call.signal)])
    return { exitCode: 0, stdout: '', stderr: announced }
  } catch (error) {
    throw prefixed(error, announced)
  }
}

/** Reads a configuration file, with the settings of the command line behind it. @throws Refused */
export async function readConfig(
  call: XlCall,
  file: string,
  extra: readonly string[],
  announced: string,
): Promise<DomainConfig> {
  const text = await readFile(resolve(call.cwd, file), 'utf8').catch(() => {
    throw new Refused(3, `Failed to read config file: ${file}: No such file or directory`)
  })
  try {
    return domainConfig(parseXlConfig([text, ...extra].join('\n')), file)
  } catch (error) {
    if (error instanceof ConfigSyntaxError)
      throw prefixed(
        new Refused(1, `${file}:${error.line}: ${error.message}`, 'Failed to parse config: Invalid argument'),
        announced,
      )
    throw prefixed(error, announced)
  }
}

/** What was said before it went wrong comes first. */
export function prefixed(error: unknown, before: string): unknown {
  if (!(error instanceof Refused)) return error
  const said: Said = error.said
  said.stderr = before + said.stderr
  return error
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }))
}
