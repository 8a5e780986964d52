import { destination, type Logger, pino } from 'pino'

export type Log = Logger
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** JSON lines on stderr. Messages are static, data stands in fields; nothing that is named like a secret is ever written. */
export function openLog(program: string, level: LogLevel): Log {
  return pino(
    {
      name: program,
      level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      redact: {
        paths: [
          'authorization',
          '*.authorization',
          'headers.authorization',
          '*.headers.authorization',
          'token',
          '*.token',
          'key',
          '*.key',
        ],
        censor: '[secret]',
      },
    },
    destination({ fd: 2, sync: true }),
  )
}
