// Preloaded (node --import) by a process that has to die at a certain point: KILL_AT is `before rename`, `after rename` or
// `before 201`. Only the process itself can hit such a point for sure.
import fs from 'node:fs/promises'
import { ServerResponse } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'

const [when, what] = (process.env.KILL_AT ?? '').split(' ')

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

if (what === 'rename') {
  const { rename } = fs
  fs.rename = async (...names) => {
    if (when === 'before') die()
    await rename(...names)
    die()
  }
  syncBuiltinESMExports()
}

if (what === '201') {
  const { writeHead } = ServerResponse.prototype
  ServerResponse.prototype.writeHead = function (this: ServerResponse, ...head: unknown[]) {
    if (head[0] === 201) die()
    return Reflect.apply(writeHead, this, head)
  }
}
