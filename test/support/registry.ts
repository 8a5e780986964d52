import { onTestFinished } from 'vitest'
import { type Http, openHttp } from '../../src/platform/http.ts'
import type { RegistryOptions } from '../../src/registry/route-context.ts'
import { type RunningRegistry, runRegistry } from './run-registry.ts'

/** As runRegistry, with a client of it; both are closed when the test has finished. */
export async function openTestRegistry(
  folder: string,
  options: Partial<RegistryOptions> = {},
): Promise<RunningRegistry & { http: Http }> {
  const registry = await runRegistry(folder, options)
  const http = openHttp({ url: registry.url })
  onTestFinished(async () => {
    await http.close()
    await registry.close()
  })
  return { ...registry, http }
}
