import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stringify } from 'yaml'
import { end, until } from './processes.ts'

/** A series as a query answers it: its labels, and its one value, or those of a range. */
export interface Series {
  labels: Readonly<Record<string, string>>
  points: (readonly [secondsSince1970: number, value: number])[]
}

/** A real Prometheus, on loopback. */
export interface Prometheus {
  url: string
  /** The value now of each series; a scalar is a series without labels. @throws Error with what Prometheus says of the expression */
  query(expression: string): Promise<Series[]>
  queryRange(expression: string, range: { start: number; end: number; stepSeconds: number }): Promise<Series[]>
  /** The `data` of its API: `get('/targets')`. */
  get<T>(path: string, parameters?: Record<string, string>): Promise<T>
  stop(): Promise<void>
}

type Answer = { resultType: string; result: unknown }
type Point = [number, string]

/** Starts Prometheus with `config`, an object as prometheus.yml has it, in `folder`, which the paths in it are relative to. */
export async function startPrometheus({ folder, config }: { folder: string; config: object }): Promise<Prometheus> {
  await writeFile(join(folder, 'prometheus.yml'), stringify(config))
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'prometheus-data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--log.format=json',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const address = await listening(child)
  const url = `http://${address}`
  await until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`)).ok)

  async function get<T>(path: string, parameters: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${url}/api/v1${path}?${new URLSearchParams(parameters)}`)
    const answer = (await response.json()) as { status: string; data: T; error?: string }
    if (answer.status !== 'success') throw new Error(`${path} ${JSON.stringify(parameters)}: ${answer.error}`)
    return answer.data
  }

  return {
    url,
    get,
    query: async (expression) => seriesOf(await get<Answer>('/query', { query: expression })),
    queryRange: async (expression, { start, end, stepSeconds }) =>
      seriesOf(
        await get<Answer>('/query_range', {
          query: expression,
          start: String(start),
          end: String(end),
          step: String(stepSeconds),
        }),
      ),
    stop: () => end(child, 'SIGTERM'),
  }
}

/** The address that it took. @throws Error with its log when it ends before it listens */
async function listening(child: ChildProcess & { stderr: NodeJS.ReadableStream | null }): Promise<string> {
  const said: string[] = []
  const failed = once(child, 'error').then(([error]) => Promise.reject(error))
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream })
  const found = (async () => {
    for await (const line of lines) {
      said.push(line)
      const { msg, address } = JSON.parse(line) as { msg?: string; address?: string }
      if (msg === 'Listening on' && address) return address
    }
    throw new Error(`Prometheus ended before it listened:\n${said.join('\n')}`)
  })()
  const address = await Promise.race([found, failed])
  child.stderr?.resume()
  return address as string
}

function seriesOf({ resultType, result }: Answer): Series[] {
  const points = (values: Point[]) => values.map(([at, value]) => [at, Number(value)] as const)
  if (resultType === 'scalar') return [{ labels: {}, points: points([result as Point]) }]
  const rows = result as { metric: Record<string, string>; value?: Point; values?: Point[] }[]
  return rows.map(({ metric, value, values }) => ({
    labels: metric,
    points: points(values ?? (value ? [value] : [])),
  }))
}
