import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { AppError } from '../contract/errors.ts'
import { type Order, orderTool } from './orders.ts'
import { type ShimCall, shimSocket } from './shim-protocol.ts'
import type { Said } from './tools/said.ts'

/** Gives an order to the simulator of a host, and answers what it says. @throws AppError command-failed when the host is off, or the order makes no sense to it */
export async function sendOrder(root: string, order: Order): Promise<string> {
  const call: ShimCall = { tool: orderTool, arguments: [JSON.stringify(order)], cwd: '/' }
  const socket = connect(join(root, shimSocket))
  socket.write(`${JSON.stringify(call)}\n`)
  const answer = await text(socket).catch((cause) => {
    throw new AppError('command-failed', `the simulated host takes no orders: ${cause.message}`, { cause })
  })
  const { exitCode, stdout, stderr } = JSON.parse(answer) as Said
  if (exitCode !== 0) throw new AppError('command-failed', stderr.trim())
  return stdout
}
