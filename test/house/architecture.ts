import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, extname, join, relative } from 'node:path'
import { type Import, readSource, type Source } from './source.ts'

export interface Rules {
  /** What each folder of src may import of the others; '*' is everything. */
  arrows: Readonly<Record<string, readonly string[] | '*'>>
  /** Packages that a folder may import, where not any may. */
  packages: Readonly<Record<string, readonly string[]>>
  /** Files that start programs; nobody imports them. */
  entries: readonly string[]
  /** What few may use, and who: files or folders of src, each with its reason. */
  doors: readonly Door[]
  /** Entries whose import closure must stay clear of files and packages that begin with one of these. */
  closures: readonly { entry: string; without: readonly string[] }[]
}

export interface Door {
  name: string
  /** True when taking `name` ('*': all) from a module is using this door. */
  imports?: (specifier: string, name: string) => boolean
  /** An expression that goes around the imports, "process.env". */
  member?: string
  allowed: Readonly<Record<string, string>>
}

/** Every violation of the rules in the tree below `top`, a line each; none when the house is in order. */
export function violations(top: string, rules: Rules): string[] {
  const sources = readTree(top)
  const found: string[] = []
  for (const [file, source] of sources) {
    if (file.startsWith('src/') && !rules.arrows[station(file)])
      found.push(`${file}: src/${station(file)} is not in the table of arrows`)
    for (const one of source.imports) found.push(...importViolations(top, rules, file, one))
    for (const door of rules.doors) found.push(...doorViolations(door, file, source))
  }
  found.push(...cycles(sources).map((cycle) => `${cycle.join(' → ')}: a cycle`))
  for (const { entry, without } of rules.closures)
    for (const [target, way] of closure(sources, entry))
      if (without.some((bad) => target === bad || target.startsWith(`${bad}/`)))
        found.push(`${way.join(' → ')}: ${target} must not be shipped to hosts`)
  return found.sort()
}

/**
 * Everything that an entry needs at run time, each with the way to it: files by their path, packages by their name.
 */
export function closure(sources: ReadonlyMap<string, Source>, entry: string): Map<string, string[]> {
  const ways = new Map([[entry, [entry]]])
  for (const [file, way] of ways)
    for (const { specifier, typeOnly } of sources.get(file)?.imports ?? []) {
      if (typeOnly) continue
      const target = specifier.startsWith('.') ? targetOf(file, specifier) : packageName(specifier)
      if (!ways.has(target)) ways.set(target, [...way, target])
    }
  return ways
}

/** Every source file of src and web, by its path below `top`. */
export function readTree(top: string): Map<string, Source> {
  const files = ['src', 'web'].flatMap((folder) => listFiles(top, folder)).filter((file) => /\.(tsx?|js)$/.test(file))
  return new Map(files.map((file) => [file, readSource(file, readFileSync(join(top, file), 'utf8'))]))
}

function importViolations(top: string, rules: Rules, file: string, one: Import): string[] {
  if (!one.specifier.startsWith('.')) return packageViolations(rules, file, one)
  const target = targetOf(file, one.specifier)
  if (!existsSync(join(top, target)))
    return [`${file}: imports ${one.specifier}, which is not there (imports end in .ts)`]
  if (extname(target) === '')
    return [`${file}: imports ${one.specifier}, a folder; import the file that defines the thing`]
  const [from, to] = [station(file), station(target)]
  if (rules.entries.includes(target)) return [`${file}: imports ${target}, which is the entry of a program`]
  if (file.startsWith('web/'))
    return target.startsWith('web/') || (to === 'contract' && one.typeOnly)
      ? []
      : [`${file}: imports ${target}, but web may import only types, and only of src/contract`]
  const allowed = rules.arrows[from] ?? []
  if (from === to || allowed === '*' || (target.startsWith('src/') && allowed.includes(to))) return []
  return [`${file}: imports ${target}, but ${from} may import only ${allowed.join(', ') || 'nothing'}`]
}

function packageViolations(rules: Rules, file: string, { specifier }: Import): string[] {
  const allowed = file.startsWith('src/') ? rules.packages[station(file)] : undefined
  if (!allowed || allowed.includes(packageName(specifier))) return []
  return [`${file}: imports ${specifier}, but ${station(file)} may use only ${allowed.join(', ')}`]
}

function doorViolations(door: Door, file: string, { imports, members }: Source): string[] {
  const allowed = Object.keys(door.allowed)
  if (!file.startsWith('src/') || allowed.some((path) => file === path || file.startsWith(`${path}/`))) return []
  const lines = imports.flatMap(({ specifier, names }) => {
    const taken = names.filter((name) => door.imports?.(specifier, name))
    return taken.length === 0 ? [] : [`${file}: imports ${taken.join(', ')} of ${specifier}`]
  })
  if (door.member !== undefined && members.has(door.member)) lines.push(`${file}: uses ${door.member}`)
  return lines.map((line) => `${line}, but ${door.name} is only for ${allowed.join(', ')}`)
}

/** Each cycle once, from its first file in the alphabet; types count, for they tangle readers just as much. */
function cycles(sources: ReadonlyMap<string, Source>): string[][] {
  const done = new Set<string>()
  const path: string[] = []
  const found: string[][] = []
  function visit(file: string): void {
    const at = path.indexOf(file)
    if (at >= 0) found.push([...path.slice(at), file])
    if (at >= 0 || done.has(file)) return
    path.push(file)
    for (const { specifier } of sources.get(file)?.imports ?? [])
      if (specifier.startsWith('.')) visit(targetOf(file, specifier))
    path.pop()
    done.add(file)
  }
  for (const file of [...sources.keys()].sort()) visit(file)
  return found
}

function targetOf(file: string, specifier: string): string {
  return join(dirname(file), specifier.split('?')[0] as string)
}

/** `src/agent/journal.ts` belongs to the station `agent`. */
function station(file: string): string {
  return file.split('/')[1] ?? ''
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function listFiles(top: string, folder: string): string[] {
  if (!existsSync(join(top, folder))) return []
  return readdirSync(join(top, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(top, join(entry.parentPath, entry.name)))
}
