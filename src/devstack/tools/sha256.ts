import { resolve } from 'node:path'
import { hex } from '../../contract/digest.ts'
import { sha256OfFile } from '../../platform/digest.ts'
import { refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** sha256(1) of files: `-q` prints the digest alone. A file that cannot be read is told, and the others are still answered. */
export const sha256: SimulatedTool = async (call) => {
  const quiet = call.arguments[0] === '-q'
  const files = quiet ? call.arguments.slice(1) : call.arguments
  const flag = files.find((file) => file.startsWith('-'))
  if (flag !== undefined) return refuses(1, `sha256: illegal option -- ${flag.slice(1, 2)}`, usage)
  if (files.length === 0) return refuses(1, usage)
  let stdout = ''
  let stderr = ''
  for (const file of files) {
    try {
      const digest = hex(await sha256OfFile(resolve(call.cwd, file)))
      stdout += quiet ? `${digest}\n` : `SHA256 (${file}) = ${digest}\n`
    } catch {
      stderr += `sha256: ${file}: No such file or directory\n`
    }
  }
  return { exitCode: stderr ? 1 : 0, stdout, stderr }
}

const usage = 'usage: sha256 [-pqrtx] [-c string] [-s string] [file ...]'
