// Runs the registry of a folder in a process of its own, which a test can kill: `registry-process.ts FOLDER PORT`.
import { flushCompileCache } from 'node:module'
import { runRegistry } from './run-registry.ts'

const [folder = '', port = '0'] = process.argv.slice(2)
const { url } = await runRegistry(folder, { port: Number(port) })
// It ends by being killed, and then would compile everything anew each time.
flushCompileCache()
process.stdout.write(`${url}\n`)
