/**
 * What stands behind every simulated program of a host: `node shim.js SOCKET TOOL ARGUMENTS…` hands the call to the simulator, says
 * what it answers, and ends with its exit code. Standard input is left alone, but by `zfs receive` and `pfctl -f -`. The form of call
 * and answer is in shim-protocol.ts. Plain JavaScript, because it is started for every call and types would triple its time.
 */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

const [socketPath, tool, ...words] = process.argv.slice(2)
const reads = tool.endsWith('/pfctl')
  ? /(^| )-\w*f ?-( |$)/.test(words.join(' '))
  : /^rec(v|eive)$/.test(words[0] ?? '')
const stdin = reads ? readFileSync(0, 'utf8') : undefined
let text = ''
const socket = connect(socketPath, () => {
  socket.write(`${JSON.stringify({ tool, arguments: words, cwd: process.cwd(), stdin })}\n`)
})
socket.setEncoding('utf8').on('data', (piece) => {
  text += piece
})
socket.once('error', (error) => switchedOff(error.message)).once('end', answer)

function answer() {
  if (text === '') return switchedOff('no answer')
  const { stdout, stderr, exitCode } = JSON.parse(text)
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = exitCode
}

function switchedOff(why) {
  process.stderr.write(`${tool}: the simulated host is switched off (${why})\n`)
  process.exitCode = 1
}
