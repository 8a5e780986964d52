import { resolve } from 'node:path'
import { readTextIfThere, replaceFile } from '../../platform/files.ts'
import { assign, read, unassign } from '../rc/rc-conf.ts'
import { rcConfFiles, rcConfPath } from '../rc/rc-files.ts'
import { refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

/** sysrc(8): reads and changes rc.conf, or the file of `-f`. Flags: -c -f -i -n -q -x. */
export const sysrc: SimulatedTool = async (call, machine) => {
  const flags = new Set<string>()
  const words: string[] = []
  let file: string | undefined
  for (let at = 0; at < call.arguments.length; at++) {
    const word = call.arguments[at] as string
    if (words.length > 0 || !/^-[a-zA-Z]+$/.test(word)) words.push(word)
    else if (word === '-f') file = resolve(call.cwd, call.arguments[++at] ?? '')
    else for (const letter of word.slice(1)) flags.add(letter)
  }
  const unknown = [...flags].find((letter) => !'cinqx'.includes(letter))
  if (unknown !== undefined) return refuses(1, `sysrc: illegal option -- ${unknown}`, usage)
  if (words.length === 0) return refuses(1, usage)

  const target = file ?? rcConfPath(machine.root)
  const sources = file === undefined ? rcConfFiles(machine.root) : [file]
  let stdout = ''
  let stderr = ''
  let exitCode = 0
  for (const word of words) {
    const { name, operator, value } = split(word)
    const old = await find(sources, name)
    if (operator === undefined && old === undefined) {
      if (flags.has('i')) continue
      stderr += `sysrc: unknown variable '${name}'\n`
      exitCode = 1
    } else if (flags.has('x')) {
      await replaceFile(target, unassign((await readTextIfThere(target)) ?? '', name))
    } else if (operator === undefined) {
      stdout += flags.has('n') ? `${old}\n` : `${name}: ${old}\n`
    } else {
      const wanted = combine(old ?? '', operator, value)
      if (flags.has('c')) {
        if (old !== wanted) exitCode = 1
        continue
      }
      await replaceFile(target, assign((await readTextIfThere(target)) ?? '', name, wanted))
      if (!flags.has('q')) stdout += flags.has('n') ? `${wanted}\n` : `${name}: ${old ?? ''} -> ${wanted}\n`
    }
  }
  return { exitCode, stdout, stderr }
}

type Operator = '=' | '+=' | '-='

function split(word: string): { name: string; operator?: Operator; value: string } {
  const parts = /^([A-Za-z_][A-Za-z0-9_]*)([+-]?=)(.*)$/s.exec(word)
  if (!parts) return { name: word, value: '' }
  return { name: parts[1] as string, operator: parts[2] as Operator, value: parts[3] as string }
}

/** Lists: the first character separates when it is no letter or digit, else a blank; nothing stands in a list twice. */
function combine(old: string, operator: Operator, value: string): string {
  if (operator === '=') return value
  const separator = /^[^A-Za-z0-9]/.exec(value)?.[0] ?? ' '
  const listed = old.split(separator).filter((item) => item !== '')
  const named = value.split(separator).filter((item) => item !== '')
  const kept = operator === '+=' ? [...listed, ...named] : listed.filter((item) => !named.includes(item))
  return [...new Set(kept)].join(separator)
}

/** The value of a variable: the last of the files that has it wins. */
async function find(files: readonly string[], name: string): Promise<string | undefined> {
  let value: string | undefined
  for (const file of files) value = read((await readTextIfThere(file)) ?? '', name) ?? value
  return value
}

const usage = 'usage: sysrc [OPTIONS] {name[[+|-]=value] ... | -a | -A | -l | -L [name ...]}'
