import { Duplex } from 'node:stream'
import type { ExecResult } from '../../src/platform/exec.ts'
import { type Ended, openChannel } from './channel.ts'

type Argv = readonly [program: string, ...args: string[]]

export interface RunOptions {
  cwd?: string
  /** Beside PATH, HOME and LC_ALL. */
  env?: Readonly<Record<string, string>>
}

export interface ExecOptions extends RunOptions {
  stdin?: string
  /** After this the program and all that it started are killed, and the promise is rejected. Default: 240 s. */
  timeoutMs?: number
}

/** A program in dom0 that lives on beside the test. */
export interface Dom0Process {
  pid: number
  /** What it said until now, stdout and stderr as they came. */
  said(): string
  /** To this program alone, not to what it started; waits for its end. */
  kill(signal: NodeJS.Signals): Promise<Ended>
  ended: Promise<Ended>
}

/**
 * The real Xen's dom0, from outside: a Linux with `xl`, `xentop`, `xenstore-*`, `zfs`, `zpool`, `qemu-img`, `brctl`, `ping` and `node`. There
 * is a pool `tank`, a bridge `xenbr0` (10.9.0.1/24), and a small guest (`guest`). When the connection ends, what was started over it is
 * killed; what the hypervisor and the disks hold stays.
 */
export interface Dom0 {
  /**
   * Runs a program, found by PATH, with exactly these arguments. Resolves on any exit code. What failed for nothing but a machine that was
   * too busy is run a second time.
   */
  exec(argv: Argv, options?: ExecOptions): Promise<ExecResult>
  /** Starts a program, and resolves when it runs. */
  spawn(argv: Argv, options?: RunOptions): Promise<Dom0Process>
  /** Writes a whole file, not atomically; `mode` is that of a new one (0644). */
  writeFile(path: string, content: string | Uint8Array, mode?: number): Promise<void>
  readFile(path: string): Promise<Buffer>
  /** A connection to a unix socket. */
  connect(path: string): Duplex
  /** What a guest has printed on its console since dom0 booted, under this name. */
  console(domain: string): Promise<string>
  close(): void
}

/** The guest in dom0; image/guest-init tells what it prints and what its command line may hold. */
export const guest = {
  kernel: '/opt/guest/vmlinux',
  ramdisk: '/opt/guest/initrd',
  commandLine: 'console=hvc0 quiet mitigations=off',
} as const

/**
 * What libxl says when the machine was too busy for one of Xen's scripts to end within 40 s. It is no fact about xl, and the domain was
 * removed.
 */
const overload = /killing execution of .* because of timeout/

/** Connects to the agent in dom0; the arguments are those of `openChannel`. */
export async function connectDom0(path: string, endsAt: number): Promise<Dom0> {
  const channel = await openChannel(path, endsAt)

  const run = (argv: Argv, { stdin = '', timeoutMs = 240_000, ...run }: ExecOptions) =>
    new Promise<ExecResult>((resolve, reject) => {
      const stdout: Buffer[] = []
      const stderr: Buffer[] = []
      let late = false
      const errand = channel.open((id) => ({ id, run: { argv, ...run } }), {
        out: (bytes) => stdout.push(bytes),
        err: (bytes) => stderr.push(bytes),
        ended: (how) => {
          clearTimeout(timer)
          const result = { ...how, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
          if (!late) return resolve(result)
          reject(new Error(`dom0: ${argv.join(' ')} did not end within ${timeoutMs} ms: ${result.stderr}`))
        },
        failed: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      const timer = setTimeout(() => {
        late = true
        errand.kill('SIGKILL', 'group')
      }, timeoutMs)
      errand.data(Buffer.from(stdin))
      errand.end()
    })

  const dom0: Dom0 = {
    async exec(argv, options = {}) {
      const result = await run(argv, options)
      if (!overload.test(result.stderr)) return result
      process.stderr.write(`dom0: the machine was too busy, so this is done again: ${argv.join(' ')}\n${result.stderr}`)
      return await run(argv, options)
    },

    spawn: (argv, run = {}) =>
      new Promise((resolve, reject) => {
        const { promise: ended, resolve: end } = Promise.withResolvers<Ended>()
        let said = ''
        const listen = (bytes: Buffer) => {
          said += bytes.toString()
        }
        const errand = channel.open((id) => ({ id, run: { argv, ...run } }), {
          pid: (pid) =>
            resolve({
              pid,
              said: () => said,
              kill(signal) {
                errand.kill(signal, 'program')
                return ended
              },
              ended,
            }),
          out: listen,
          err: listen,
          ended: end,
          failed: (error) => {
            reject(error)
            // The connection is gone, and with it the program.
            end({ exitCode: -1, signal: 'SIGKILL' })
          },
        })
        errand.end()
      }),

    writeFile: (path, content, mode = 0o644) =>
      new Promise((resolve, reject) => {
        const errand = channel.open((id) => ({ id, write: path, mode }), { ended: () => resolve(), failed: reject })
        errand.data(typeof content === 'string' ? Buffer.from(content) : content)
        errand.end()
      }),

    readFile: (path) =>
      new Promise((resolve, reject) => {
        const pieces: Buffer[] = []
        channel.open((id) => ({ id, read: path }), {
          out: (bytes) => pieces.push(bytes),
          ended: () => resolve(Buffer.concat(pieces)),
          failed: reject,
        })
      }),

    connect(path) {
      const duplex = new Duplex({
        read() {},
        write(bytes: Buffer, _, done) {
          errand.data(bytes)
          done()
        },
        final(done) {
          errand.end()
          done()
        },
        destroy(error, done) {
          errand.kill('SIGKILL', 'program')
          done(error)
        },
      })
      const errand = channel.open((id) => ({ id, connect: path }), {
        out: (bytes) => duplex.push(bytes),
        ended: () => duplex.push(null),
        failed: (error) => duplex.destroy(error),
      })
      return duplex
    },

    async console(domain) {
      const log = await dom0.readFile(`/var/log/xen/console/guest-${domain}.log`)
      return log.toString().replaceAll('\r', '')
    },

    close: channel.close,
  }
  return dom0
}
