import type { Machine } from '../machine.ts'
import type { Tree } from '../xen/xenstore.ts'
import { getopt } from './getopt.ts'
import { Refused, saidOf } from './refused.ts'
import { prints, refuses, type Said } from './said.ts'
import type { Call, SimulatedTool } from './tool.ts'

/** The programs of xenstore(1): each takes paths, and tells the first one that is not there. */

type Work = (words: readonly string[], machine: Machine, flags: ReadonlySet<string>) => Promise<Said>

function tool(name: string, spec: string, work: Work): SimulatedTool {
  return (call: Call, machine) =>
    saidOf(async () => {
      const usage = `Usage: ${name} [-h] [-s] key [...]`
      const given = getopt(
        call.arguments,
        spec,
        (letter) => new Refused(1, `${name}: illegal option -- ${letter}`, usage),
      )
      if (given.words.length === 0 && name !== 'xenstore-ls') return refuses(1, usage)
      return work(given.words, machine, given.flags)
    })
}

export const xenstoreRead = tool('xenstore-read', 'psR', async (paths, { xenstore }, flags) => {
  const lines: string[] = []
  for (const path of paths) {
    const tree = await xenstore.tree(path)
    const value = path === '/' ? '' : tree.get(path)
    if (value === undefined) return joined(lines, `xenstore-read: couldn't read path ${path}`)
    lines.push(flags.has('p') ? `${path}: ${value}` : value)
  }
  return prints(...lines)
})

export const xenstoreList = tool('xenstore-list', 'ps', async (paths, { xenstore }, flags) => {
  const lines: string[] = []
  for (const path of paths) {
    const tree = await xenstore.tree(path)
    if (path !== '/' && !tree.has(path)) return joined(lines, `xenstore-list: could not list path ${path}`)
    lines.push(...childrenOf(tree, path).map((child) => (flags.has('p') ? child : (child.split('/').at(-1) as string))))
  }
  return prints(...lines)
})

export const xenstoreLs = tool('xenstore-ls', 'fps', async (words, { xenstore }, flags) => {
  const lines: string[] = []
  for (const top of words.length > 0 ? words : ['/']) {
    const tree = await xenstore.tree(top)
    if (top !== '/' && !tree.has(top))
      return joined(lines, `xenstore-ls: xs_directory (${top}): No such file or directory`)
    const prefix = top === '/' ? '' : top
    for (const [path, value] of tree) {
      if (!path.startsWith(`${prefix}/`)) continue
      const depth = path.slice(prefix.length).split('/').length - 2
      const shown = flags.has('f') ? path.replace(/^\/@/, '@') : `${' '.repeat(depth)}${path.split('/').at(-1)}`
      lines.push(`${shown} = "${value}"`)
    }
  }
  return prints(...lines)
})

export const xenstoreWrite = tool('xenstore-write', 's', async (words, { xenstore }) => {
  if (words.length % 2 !== 0) return refuses(1, 'Usage: xenstore-write [-h] [-s] key value [...]')
  for (let at = 0; at < words.length; at += 2) xenstore.write(words[at] as string, words[at + 1] as string)
  return prints()
})

export const xenstoreRm = tool('xenstore-rm', 'st', async (paths, { xenstore }) => {
  for (const path of paths)
    if (!(await xenstore.remove(path))) return refuses(1, `xenstore-rm: could not remove path ${path}`)
  return prints()
})

export const xenstoreExists = tool('xenstore-exists', 's', async (paths, { xenstore }) => {
  for (const path of paths) if (!(await xenstore.tree(path)).has(path)) return refuses(1)
  return prints()
})

function childrenOf(tree: Tree, top: string): string[] {
  const prefix = top === '/' ? '/' : `${top}/`
  return [...tree.keys()].filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
}

/** What was answered before a path that is not there, and the complaint. */
function joined(lines: readonly string[], problem: string): Said {
  return { ...refuses(1, problem), stdout: prints(...lines).stdout }
}
