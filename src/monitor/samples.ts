/** One line of a family: what it is about, and how much. */
export interface SampleRow {
  labels?: Readonly<Record<string, string>>
  value: number
}

/** A metric family of the collector contract: rows that were sampled, whose text is made once, when they were taken. */
export interface MetricFamily {
  /** In base units, as Prometheus names them: `_seconds`, `_bytes`, `_total`. */
  name: string
  help: string
  type: 'counter' | 'gauge' | 'untyped'
  rows: readonly SampleRow[]
}

/**
 * The rows in the Prometheus text format 0.0.4; a family without rows is left out.
 * @throws Error when a name is none that Prometheus takes: one such line would cost the whole page
 */
export function exposition(families: readonly MetricFamily[]): string {
  return [...expositionPieces(families)].join('')
}

/** The same in pieces of some thousand lines, none of which is kept for the next. */
export function* expositionPieces(families: Iterable<MetricFamily>): Generator<string, void, undefined> {
  for (const { name, help, type, rows } of families) {
    if (rows.length === 0) continue
    if (!isFamilyName(name)) throw new Error(`${JSON.stringify(name)} is no name of a metric`)
    yield `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
    for (let at = 0; at < rows.length; at += linesOfPiece) {
      let piece = ''
      for (const { labels, value } of rows.slice(at, at + linesOfPiece))
        piece += `${name}${labelText(labels)} ${valueText(value)}\n`
      yield piece
    }
  }
}

const linesOfPiece = 2000

/** Whether Prometheus takes it as the name of a metric, in the text format 0.0.4. */
export function isFamilyName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)
}

/** The label texts of rows: families that are about the same things share the labels, and each is written once. */
const labelTexts = new WeakMap<object, string>()

function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return ''
  const known = labelTexts.get(labels)
  if (known !== undefined) return known
  const text = writeLabels(labels)
  labelTexts.set(labels, text)
  return text
}

function writeLabels(labels: Readonly<Record<string, string>>): string {
  const pieces: string[] = []
  for (const [label, value] of Object.entries(labels)) {
    refuseLabel(label)
    pieces.push(pieces.length === 0 ? '{' : ',', label, '="', escapeLabel(value), '"')
  }
  // Joined to one string: of what is added up V8 keeps the parts, and would put them together for each of the lines that it stands in.
  return pieces.length === 0 ? '' : [...pieces, '}'].join('')
}

/** The names of labels are few, and each stands in many rows. */
const knownLabels = new Set<string>()

function refuseLabel(label: string): void {
  if (knownLabels.has(label)) return
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) throw new Error(`${JSON.stringify(label)} is no name of a label`)
  knownLabels.add(label)
}

// Text format 0.0.4: "label_value can be any sequence of UTF-8 characters, but the backslash, double-quote, and line feed" are escaped.
function escapeLabel(value: string): string {
  if (!/[\\"\n]/.test(value)) return value
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

/** As Go's ParseFloat reads it: JavaScript writes the infinities otherwise. */
function valueText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}
