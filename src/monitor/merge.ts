/** A text in the Prometheus text format 0.0.4, and the program that it came from. */
export interface Exposition {
  source: string
  text: string
}

export interface Merged {
  text: string
  /** The names of the families in it. */
  families: string[]
  /** What was left out, one sentence for each source that something was left out of. */
  problems: string[]
}

interface Family {
  help?: string
  type?: string
  /** The text of each sample by its series: name and labels. */
  samples: Map<string, string>
}

const maxLineLength = 64 * 1024

const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/
const label = String.raw`[a-zA-Z_]\w*="(?:[^"\\]|\\["\\n])*"`
const sample = new RegExp(
  String.raw`^([a-zA-Z_:][\w:]*(?:\{(?:${label}(?:,${label})*,?)?\})?)[ \t]+(\S+)(?:[ \t]+-?\d+)?$`,
)
const types = /^(counter|gauge|histogram|summary|untyped)$/
const value = /^([-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?Inf|NaN)$/

/**
 * Makes one page of several: all lines of a family together, its HELP and TYPE once, as the format asks. Of two that say the same
 * series, the first wins. A line that Prometheus could not read would cost the whole page, so it is left out, and so is
 * all of a source that says more than `maxLength` characters.
 */
export function mergeExpositions(pages: readonly Exposition[], { maxLength = 16 * 1024 * 1024 } = {}): Merged {
  const families = new Map<string, Family>()
  const problems: string[] = []
  for (const { source, text } of pages) {
    if (text.length > maxLength) {
      problems.push(`left out all samples of ${source}: ${text.length} characters, and at most ${maxLength} are taken`)
      continue
    }
    const lines = text.split('\n')
    const bad = lines.filter((line) => !take(families, line))
    if (bad.length > 0) {
      const first = JSON.stringify(bad[0]?.slice(0, 100))
      problems.push(`left out of the samples of ${source}: ${bad.length} of ${lines.length} lines, first ${first}`)
    }
  }
  const told = [...families].filter(([, { samples }]) => samples.size > 0)
  return {
    text: told.map(([name, family]) => familyText(name, family)).join(''),
    families: told.map(([name]) => name),
    problems,
  }
}

/** Puts a line into its family. False when it is none that Prometheus reads, or repeats a series. */
function take(families: Map<string, Family>, line: string): boolean {
  const [, kind, name, text] = comment.exec(line) ?? []
  if (kind !== undefined && name !== undefined && text !== undefined) {
    if (kind === 'TYPE' && !types.test(text)) return false
    const family = familyOf(families, name)
    if (kind === 'HELP') family.help ??= text
    else family.type ??= text
    return true
  }
  if (line.trim() === '' || line.startsWith('#')) return true
  const [, series, number] = line.length > maxLineLength ? [] : (sample.exec(line) ?? [])
  if (series === undefined || number === undefined || !value.test(number)) return false
  const { samples } = familyOf(families, familyName(families, series.split('{', 1)[0] as string))
  if (samples.has(series)) return false
  samples.set(series, line)
  return true
}

/** A histogram's samples have a suffix after the name of their family. */
function familyName(families: Map<string, Family>, name: string): string {
  const base = name.replace(/_(bucket|sum|count)$/, '')
  const type = families.get(base)?.type
  return type === 'histogram' || type === 'summary' ? base : name
}

function familyOf(families: Map<string, Family>, name: string): Family {
  const known = families.get(name)
  if (known) return known
  const family: Family = { samples: new Map() }
  families.set(name, family)
  return family
}

function familyText(name: string, { help, type, samples }: Family): string {
  const head = [help === undefined ? [] : `# HELP ${name} ${help}`, type === undefined ? [] : `# TYPE ${name} ${type}`]
  return `${[...head.flat(), ...samples.values()].join('\n')}\n`
}
