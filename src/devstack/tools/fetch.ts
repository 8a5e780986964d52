import { resolve } from 'node:path'
import { readTextIfThere, replaceFile } from '../../platform/files.ts'
import { openHttp } from '../../platform/http.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** fetch(1) of one URL: `-o FILE`, or `-o -` for standard output; `--ca-cert=FILE` and `-q` are understood. Text only. */
export const fetch: SimulatedTool = async (call) => {
  let output: string | undefined
  let ca: string | undefined
  const urls: string[] = []
  for (let at = 0; at < call.arguments.length; at++) {
    const word = call.arguments[at] as string
    if (word === '-o') output = call.arguments[++at]
    else if (word.startsWith('--ca-cert=')) ca = await readTextIfThere(resolve(call.cwd, word.slice(10)))
    else if (word.startsWith('-') && word !== '-q') return refuses(1, `fetch: illegal option -- ${word[1]}`, usage)
    else if (!word.startsWith('-')) urls.push(word)
  }
  const [url] = urls
  if (url === undefined || urls.length > 1) return refuses(1, usage)
  if (!URL.canParse(url)) return refuses(1, `fetch: ${url}: URL is malformed`)

  const { origin, pathname, search } = new URL(url)
  const http = openHttp({ url: origin, trust: { ca } })
  try {
    const response = await http.send('GET', pathname + search, { signal: call.signal })
    const body = await response.text(64 * 1024 * 1024)
    if (response.status !== 200) return refuses(1, `fetch: ${url}: ${reasons[response.status] ?? 'HTTP error'}`)
    if (output === '-') return { exitCode: 0, stdout: body, stderr: '' }
    await replaceFile(resolve(call.cwd, output ?? (pathname.split('/').at(-1) || 'fetch.out')), body)
    return prints()
  } catch (error) {
    return refuses(1, `fetch: ${url}: ${(error as Error).message}`)
  } finally {
    await http.close()
  }
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

const usage = 'usage: fetch [-146AadFlMmnPpqRrsUv] [-o file] URL ...'
