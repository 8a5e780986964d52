import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { programVersion } from '../platform/program.ts'
import type { AgentPaths } from './paths.ts'

/** The agent that is running. */
export interface Program {
  version: string
  /**
   * Whether the running agent is the one of the current set. An agent that was not started out of a release (by hand, from a
   * checkout) has no other to hand over to, and counts as current; so it does while no set brings an agent.
   */
  isCurrent(): Promise<boolean>
}

/** `folder`: that of the running program's file. */
export async function openProgram(paths: AgentPaths, folder: string): Promise<Program> {
  const running = await realpath(folder)
  const releases = await realpath(paths.releases)
  return {
    version: await programVersion(running),
    async isCurrent() {
      if (!running.startsWith(`${releases}/`)) return true
      const current = await realpath(join(paths.current, 'agent')).catch((error) => {
        if (error.code === 'ENOENT') return running
        throw error
      })
      return current === running
    },
  }
}
