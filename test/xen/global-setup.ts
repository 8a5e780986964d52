import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { connectDom0 } from './dom0.ts'
import { image, say } from './image.ts'
import { bootMachine, type Machine } from './machine.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The machine of all files: what `connectDom0` takes. */
    machine: { socket: string; endsAt: number }
  }
}

/** Boots one machine for all files; a boot that fails is tried a second time. Ends by telling which programs crashed in dom0. */
export default async function globalSetup(project: TestProject): Promise<() => Promise<void>> {
  const started = Date.now()
  const folder = await mkdtemp(join(tmpdir(), 'slw-xen-'))
  let machine: Machine
  try {
    const files = await image()
    const booting = Date.now()
    machine = await bootMachine(files, folder).catch((error) => {
      say(`${error.message}\nbooting it once more`)
      return bootMachine(files, folder)
    })
    say(`dom0 came up within ${seconds(booting)} s`)
  } catch (error) {
    await rm(folder, { recursive: true })
    throw error
  }
  project.provide('machine', { socket: machine.socket, endsAt: machine.endsAt })

  return async () => {
    try {
      const dom0 = await connectDom0(machine.socket, machine.endsAt)
      const { stdout } = await dom0.exec(['dmesg'])
      for (const line of stdout.split('\n').filter((line) => /segfault|Out of memory/.test(line)))
        say(`in dom0: ${line}`)
      dom0.close()
    } finally {
      await machine.stop()
      await rm(folder, { recursive: true })
      say(`all of it took ${seconds(started)} s`)
    }
  }
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000)
}
