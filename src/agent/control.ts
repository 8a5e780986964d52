import { AppError } from '../contract/errors.ts'
import type { HostReport } from '../contract/report.ts'
import type { UpdateState } from '../contract/update.ts'
import { type Answer, json, type RouteRequest, type Routes } from '../platform/serve.ts'

export interface ControlParts {
  state(): UpdateState
  status(): Promise<HostReport>
  samples(request: RouteRequest): Promise<Answer>
  /** Lets a stuck host go on. Answers false when it was not stuck. */
  release(): Promise<boolean>
  clearRejected(): Promise<void>
}

/** What agent.sock serves. Only root can open it. */
export function controlRoutes({ state, status, samples, release, clearRejected }: ControlParts): Routes {
  return {
    'GET /healthz': () =>
      state() === 'stuck' ? { status: 503, body: 'stuck: a person must look\n' } : { body: 'ok\n' },
    'GET /status': async () => json(await status()),
    'GET /samples': (_, request) => samples(request),
    async 'POST /release'() {
      if (!(await release())) throw new AppError('conflict', `this host is not stuck; its state is ${state()}`)
      return json({ released: true })
    },
    async 'POST /clear-rejected'() {
      await clearRejected()
      return json({ cleared: true })
    },
  }
}
