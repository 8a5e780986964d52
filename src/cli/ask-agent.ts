import { join } from 'node:path'
import { AppError } from '../contract/errors.ts'
import { openHttp } from '../platform/http.ts'

/** Posts to the agent of this machine over its socket. @throws AppError peer-unreachable | peer-refused */
export async function askAgent(root: string, path: string): Promise<void> {
  const http = openHttp({ url: 'http://agent', socketPath: join(root, 'var/run/slipway/agent.sock') })
  try {
    const response = await http.send('POST', path)
    const text = await response.text()
    if (response.status >= 300) throw new AppError('peer-refused', text.trim())
  } finally {
    await http.close()
  }
}
