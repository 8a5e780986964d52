import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { clearRefusedNetwork, confirmNetwork } from '../../src/agent/network-trial.ts'
import type { ServerConnection } from '../../src/agent/server-connection.ts'
import { AppError } from '../../src/contract/errors.ts'
import type { HostReport } from '../../src/contract/report.ts'
import { serveSocket } from '../../src/platform/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const { signal } = new AbortController()
const reportWith = (network: object) => ({ daemons: { network } }) as unknown as HostReport
const onTrial = reportWith({ trial: { generation: 7, until: '2026-11-22T12:00:00.000Z' } })

/** A network daemon that notes what it is told, and a server that answers as `answer` does. */
async function parts({
  status = 200,
  answer = async () => {},
}: {
  status?: number
  answer?: () => Promise<void>
} = {}) {
  const told: string[] = []
  const socketPath = join(await temporaryFolder(), 'network.sock')
  const serving = await serveSocket(socketPath, {
    'POST /confirm': (body) => {
      told.push(body)
      return { status, body: 'said\n' }
    },
  })
  onTestFinished(() => serving.close())
  const opened: string[] = []
  const connect = () => {
    opened.push('opened')
    return { report: answer, close: async () => void opened.push('closed') } as unknown as ServerConnection
  }
  return { told, opened, options: { socketPath, connect } }
}

test('a trial is confirmed after a report over a connection that was made under the new rules', async () => {
  const { told, opened, options } = await parts()
  await confirmNetwork(onTrial, options, signal)
  expect(told).toEqual(['{"generation":7}'])
  expect(opened).toEqual(['opened', 'closed'])
})

test('a trial is not confirmed when the new connection does not reach the server', async () => {
  const away = new AppError('peer-unreachable', 'the server does not answer')
  const { told, opened, options } = await parts({ answer: () => Promise.reject(away) })
  await expect(confirmNetwork(onTrial, options, signal)).rejects.toBe(away)
  expect(told).toEqual([])
  expect(opened).toEqual(['opened', 'closed'])
})

test('nothing is asked and confirmed when nothing is on trial', async () => {
  const { told, opened, options } = await parts()
  await confirmNetwork(reportWith({ generation: 7 }), options, signal)
  await confirmNetwork({ daemons: {} } as HostReport, options, signal)
  expect([told, opened]).toEqual([[], []])
})

test('another generation that is on trial by now is no failure; a network that fails is', async () => {
  await confirmNetwork(onTrial, (await parts({ status: 409 })).options, signal)
  await expect(confirmNetwork(onTrial, (await parts({ status: 500 })).options, signal)).rejects.toThrow('500')
})

test('network is told to try again what it refused; one that knows of no such thing has refused nothing', async () => {
  const cleared: string[] = []
  const socket = join(await temporaryFolder(), 'network.sock')
  const serving = await serveSocket(socket, {
    'POST /clear-refused': () => {
      cleared.push('cleared')
      return { body: 'said\n' }
    },
  })
  onTestFinished(() => serving.close())
  await clearRefusedNetwork(socket, signal)
  expect(cleared).toEqual(['cleared'])
  const { options } = await parts()
  await clearRefusedNetwork(options.socketPath, signal)
  await expect(clearRefusedNetwork(join(await temporaryFolder(), 'network.sock'), signal)).rejects.toThrow()
})
