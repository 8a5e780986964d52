import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** The far end of a pseudo terminal, as xenconsoled holds it: what is written here is read at `path`, and the other way round. */
export interface Terminal {
  /** The device that others open. */
  path: string
  write(text: string): void
  close(): void
}

/** What is waiting for a reader beyond this is lost, as it is on a host. */
const maxWaitingBytes = 64 * 1024

/** What holds the near end open, and says what it is. Raw, and no echo: that is the guest's business. */
const holder = 'stty raw -echo; tty; exec sleep 2147483647'

/**
 * Decision: a real pseudo terminal, held by script(1), which every Linux and every BSD has.
 * Why: whoever reads a console opens a device for reading and writing, here as on a host.
 * Not: a FIFO, which goes one way only and which Node cannot make either; a native module.
 */
export async function openTerminal(heard: (text: string) => void): Promise<Terminal> {
  const words =
    process.platform === 'linux'
      ? ['-q', '-f', '-c', holder, '/dev/null']
      : ['-q', '/dev/null', '/bin/sh', '-c', holder]
  const child = spawn('script', words, { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.on('error', () => {})
  const started = new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  await started
  const path = await new Promise<string>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout })
    child.once('exit', () => reject(new Error('script(1) ended before it had a terminal')))
    lines.once('line', (line) => {
      lines.close()
      resolve(line.trim())
    })
  })
  child.stdout.setEncoding('utf8').on('data', heard).resume()
  return {
    path,
    write(text) {
      if (child.stdin.writableLength < maxWaitingBytes) child.stdin.write(text)
    },
    close: () => void child.kill('SIGKILL'),
  }
}
