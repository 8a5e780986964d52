/**
 * Loaded before an agent by `node --import`: ends its process by SIGKILL at the point that the environment names. It knows the state
 * by watching the journal being written, and needs nothing of the agent's own code. Plain JavaScript, because stripping types would
 * cost every start more than the rest of it.
 *
 *     KILL_STATE   the state
 *     KILL_POINT   journal  while the journal that names the state is being written: half of it is
 *                  before   when that journal is in place, and nothing was done for the state yet
 *                  inside   at the KILL_EVENT-th thing that is done in it: a file opened, renamed, …, a program or a connection
 *                  after    when the state's work is done, and the journal of the next state is about to be written
 *     KILL_RUN     instead of killing the agent, this is run by sh to its end
 *     KILL_MARK    a file that is made just before; when it is there already, nothing happens
 */
import childProcess, { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import { basename } from 'node:path'

const { KILL_STATE, KILL_POINT, KILL_EVENT, KILL_RUN, KILL_MARK } = process.env
let state = 'idle'
let writing = ''
let events = 0

function end() {
  fs.writeFileSync(String(KILL_MARK), '')
  if (KILL_RUN) execFileSync('sh', ['-c', KILL_RUN])
  else process.kill(process.pid, 'SIGKILL')
}

/** Whether this is the point, for the first time. */
function isAt(point) {
  const now = point === 'journal' ? writing : state
  return KILL_POINT === point && now === KILL_STATE && !fs.existsSync(String(KILL_MARK))
}

function reached(point) {
  if (isAt(point)) end()
}

function happens() {
  if (state !== KILL_STATE) return
  events += 1
  if (events === Number(KILL_EVENT)) reached('inside')
}

function isJournal(path) {
  return /^(\.tmp-)?journal\.json/.test(basename(String(path)))
}

const open = fsPromises.open
fsPromises.open = async (path, ...rest) => {
  if (!isJournal(path)) {
    happens()
    return open(path, ...rest)
  }
  reached('after')
  const file = await open(path, ...rest)
  const writeFile = file.writeFile.bind(file)
  file.writeFile = async (data) => {
    const text = String(data)
    writing = JSON.parse(text).state
    if (isAt('journal')) {
      await writeFile(text.slice(0, text.length / 2))
      end()
    }
    return writeFile(data)
  }
  return file
}

const rename = fsPromises.rename
fsPromises.rename = async (from, to) => {
  if (!isJournal(to)) {
    happens()
    return rename(from, to)
  }
  await rename(from, to)
  state = writing
  events = 0
  reached('before')
}

for (const name of ['readFile', 'readlink', 'symlink', 'mkdir', 'rm']) {
  const original = fsPromises[name]
  Object.assign(fsPromises, {
    [name]: (...args) => {
      happens()
      return original(...args)
    },
  })
}

const spawn = childProcess.spawn
Object.assign(childProcess, {
  spawn: (...args) => {
    happens()
    return spawn(...args)
  },
})

const connect = net.connect
Object.assign(net, {
  connect: (...args) => {
    happens()
    return connect(...args)
  },
})

syncBuiltinESMExports()
