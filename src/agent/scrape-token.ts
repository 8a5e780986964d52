import { readFile, stat } from 'node:fs/promises'
import { AppError } from '../contract/errors.ts'
import { followFile } from '../platform/follow-file.ts'
import type { Log } from '../platform/log.ts'
import { hashSecret, secretMatches } from '../platform/secret.ts'

/** The token that scrapers have to send. */
export interface ScrapeToken {
  /** Whether the value of an `authorization` header has it, in a time that does not depend on what is given. */
  isIn(authorization: string | undefined): boolean
}

export interface ScrapeTokenOptions {
  path: string
  log: Log
  /** Ends the watch over the file. */
  signal: AbortSignal
}

/** A change that no folder told of is found within this time. */
const pollMs = 60_000

/**
 * Reads the token, and reads it again whenever its file changes. A file that cannot be used is told once: before there was a token nobody is let in, and after
 * that the old one stays.
 */
export async function openScrapeToken({ path, log, signal }: ScrapeTokenOptions): Promise<ScrapeToken> {
  let hash: string | undefined
  let problem: string | undefined

  async function look(): Promise<void> {
    try {
      hash = hashSecret(await readToken(path))
      problem = undefined
    } catch (error) {
      const { message } = error as Error
      const what = hash === undefined ? 'nobody can read the metrics page' : 'the old token of the metrics page stays'
      if (message !== problem) log.error({ err: error }, what)
      problem = message
    }
  }

  await look()
  void followFile(path, { pollMs, signal }, look)
  return {
    isIn(authorization = '') {
      // RFC 9110, section 11.1: the scheme's name is not case-sensitive.
      const [, given = ''] = /^Bearer +([^ ]+) *$/i.exec(authorization) ?? []
      return hash !== undefined && secretMatches(given, hash)
    },
  }
}

/** @throws AppError config-invalid, never with the token in it */
async function readToken(path: string): Promise<string> {
  const refuse = (what: string, cause?: unknown) => new AppError('config-invalid', what, { cause })
  const unreadable = (cause: Error) => refuse(`cannot read the token file ${path}: ${cause.message}`, cause)
  const { mode } = await stat(path).catch((cause) => Promise.reject(unreadable(cause)))
  if (mode & 0o006)
    throw refuse(
      `everybody on this machine may ${mode & 0o002 ? 'change' : 'read'} the token file ${path} (mode ${(mode & 0o777).toString(8)}); run: chmod o= ${path}`,
    )
  const token = (await readFile(path, 'utf8').catch((cause) => Promise.reject(unreadable(cause)))).trim()
  if (token === '') throw refuse(`the token file ${path} is empty; write the token that Prometheus sends into it`)
  // RFC 6750, section 2.1
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token))
    throw refuse(
      `the token file ${path} holds no bearer token: it must be one word of letters, digits and - . _ ~ + / =`,
    )
  return token
}
