/** What can be told of a filter rule by the text that PF lists it with. */
export interface RuleFacts {
  action: string
  /** "in", "out", or "" for both. */
  direction: string
  /** Its name or its group's, "!osnetx" for all but those, or "". */
  interface: string
  /** "inet", "inet6" or "". */
  family: string
  /** PF's name of it, or a number; or "". */
  protocol: string
  /** Its labels with a blank between them, as `-s labels` shows them; "" when it has none. */
  label: string
  /** What it counts are packets of its own direction alone: it begins no state whose answers it would count. */
  isOneWay: boolean
}

// print_rule of pfctl: action, direction, log, quick, interface, route, family, protocol.
const form =
  /^(pass|block|match)(?: (?:drop|return(?:-[a-z0-9]+)?(?:\([^)]*\))?))?(?: (in|out))?(?: log(?: \([^)]*\))?)?(?: quick)?(?: on (! )?(\S+))?(?: (?:route-to|reply-to|dup-to) (?:\{[^}]*\}|\([^)]*\)|\S+)(?: (?:round-robin|random|sticky-address|bitmask|static-port|source-hash(?: 0x\w+)?))*)?(?: (inet6?)\b)?(?: proto (\S+))?/

/** Undefined for what is none: normalization, and calls of anchors. */
export function readRule(text: string): RuleFacts | undefined {
  const [found, action, direction = '', not, name = '', family = '', protocol = ''] = form.exec(text) ?? []
  if (found === undefined || action === undefined) return undefined
  const labelled = text.indexOf(' label "')
  return {
    action,
    direction,
    interface: not === undefined ? name : `!${name}`,
    family,
    protocol,
    label: labelled === -1 ? '' : labelsOf(text, labelled),
    isOneWay: direction !== '' && (action === 'block' || isStateless(text, labelled)),
  }
}

function isStateless(text: string, labelled: number): boolean {
  const at = text.indexOf(' no state')
  return text.startsWith('pass') && at !== -1 && (labelled === -1 || at < labelled)
}

function labelsOf(text: string, from: number): string {
  const [, first = '', more = ''] = /^ label "([^"]*)"((?: label "[^"]*")*)/.exec(text.slice(from)) ?? []
  return more === '' ? first : [first, ...[...more.matchAll(/"([^"]*)"/g)].map(([, label]) => label)].join(' ')
}
