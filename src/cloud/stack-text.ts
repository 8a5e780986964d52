import { Value } from 'typebox/value'
import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from 'yaml'
import { AppError } from '../contract/errors.ts'
import { Stack } from '../contract/stack.ts'
import { schemaFaults } from './schema-faults.ts'
import { stackFaults } from './stack-rules.ts'

/** More are not told at once. */
const maxFaults = 10
const maxAliases = 1000

/**
 * Reads a stack.
 * @throws AppError input-invalid, a line for each fault with its place: `line 7, instances[0].memroy: is not a known key; did you mean memory?`
 */
export function readStack(text: string): Stack {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  if (document.errors.length > 0)
    throw refuse(
      document.errors.map(({ pos, message }) => `line ${lines.linePos(pos[0]).line}: ${message.replaceAll('\n', ' ')}`),
    )
  const value = toPlain(document)
  const faults = Value.Check(Stack, value) ? stackFaults(value) : schemaFaults(Stack, value)
  if (faults.length === 0) return value as Stack
  throw refuse(
    faults
      .map((fault) => ({ ...fault, line: lines.linePos(offsetOf(document, fault.path)).line }))
      .sort((a, b) => a.line - b.line)
      .map(({ line, path, message }) => `line ${line}, ${pathText(path)}: ${message}`),
  )
}

function toPlain(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases })
  } catch (error) {
    throw refuse([(error as Error).message])
  }
}

/** Where in the text a path stands: its key, or as much of the path as there is. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isNode(key) && 'value' in key && key.value === last)
      if (pair && isPair(pair) && isNode(pair.key) && pair.key.range) return pair.key.range[0]
    }
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

function pathText(path: readonly (string | number)[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
  return text.replace(/^\./, '') || 'the stack'
}

function refuse(all: readonly string[]): AppError {
  const lines = [...new Set(all)]
  const more = lines.length > maxFaults ? [`and ${lines.length - maxFaults} more`] : []
  const count = lines.length === 1 ? 'an error' : `${lines.length} errors`
  return new AppError('input-invalid', [`the stack has ${count}:`, ...lines.slice(0, maxFaults), ...more].join('\n  '))
}
